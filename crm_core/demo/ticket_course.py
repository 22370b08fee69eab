"""What happens to tickets: answers at the agents' speeds, spells on hold, resolutions, reopenings, and what is thought.

Agents work office hours. A slow first answer, one later than its target, goes with customers who never buy again: the
lives are drawn first and who waits is drawn given them, so that the odds to leave are the stated factor higher after a
slow answer, while lives and agents stay as they would be without it (an odds ratio reads the same both ways).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from crm_core.demo import chance
from crm_core.demo.arrivals import draw
from crm_core.demo.chance import Bits, Bools, Floats, Ints
from crm_core.demo.config import SimulationConfig
from crm_core.demo.desk import PRIORITIES, PRIORITY_PACE, Desk
from crm_core.demo.tickets import CHANNELS, Tickets
from crm_core.records.business_time import MINUTE, WorkingHours

NOT_YET = np.int64(2**62)
"""The time of what had not happened when the history ended, or never will."""
HOLD_SHARE = 0.4
THIRD_PARTY_SHARE = 0.35
HOLD_HOURS, THIRD_PARTY_HOURS = 20.0, 96.0
REOPEN_SHARE = 0.08
BOT_SHARE = 0.3
NOTE_SHARE = 0.18
STUCK_SHARE, STUCK_FACTOR = 0.06, 15.0
RESOLUTION_MINUTES = 300.0
SATISFIED_IN_TIME, SATISFIED_LATE, SATISFIED_LESS_REOPENED = 0.9, 0.55, 0.25
ANSWER_SHARE = 0.35
TAKEN_SHARE, RAISED_SHARE = 0.5, 0.15
"""Part of the tickets that somebody takes out of the queue, and of the high and urgent ones raised to that."""
LEFT_SHARE = 0.11
"""Part of the tickets whose customers never buy again, about; it keeps the agents' medians where they belong."""

_HOUR, _DAY = 60 * MINUTE, 24 * 60 * MINUTE
_CLOSED_AFTER = 5 * _DAY
_SHORTEST_MINUTES = 3.0
_SIGMA_AGAIN = 0.8
_SLOW, _SPEED, _BOT, _NOTE, _HOLD, _AGAIN, _WORK, _REOPEN, _RATED, _CALL = 20, 21, 22, 23, 24, 25, 26, 27, 28, 29
_TAKEN, _RAISED = 30, 31


@dataclass(frozen=True, eq=False)
class Course:
    """When what happened to each ticket, in microseconds since 1970 UTC; NOT_YET where it did not.

    Attributes:
        opened, bot, asked, noted, replied: the ticket, the bot's answer, the question of a ticket the team opened, an
            internal note, the first answer.
        taken, raised: when somebody took the ticket, where it was not given to them at once, and when its priority was
            raised to what it is.
        held, resumed, replied_again: a spell on hold and the answer after it.
        resolved, reopened, answered, resolved_again, closed, rated: its end, and that it was not the end.
        by_team: the team opened it, on the phone.
        third_party: the spell on hold waits for others and not for the customer.
        is_slow: the first answer comes later than its target.
        is_satisfied: what was answered, where it was rated.
    """

    opened: Ints
    bot: Ints
    asked: Ints
    taken: Ints
    raised: Ints
    noted: Ints
    replied: Ints
    held: Ints
    resumed: Ints
    replied_again: Ints
    resolved: Ints
    reopened: Ints
    answered: Ints
    resolved_again: Ints
    closed: Ints
    rated: Ints
    by_team: Bools
    third_party: Bools
    is_slow: Bools
    is_satisfied: Bools


def take_course(config: SimulationConfig, desk: Desk, tickets: Tickets, *, end: int) -> Course:
    """What happens to the tickets before `end`, in seconds since 1970 UTC."""
    key, office = tickets.key, desk.office
    opened = tickets.instants * 1_000_000
    minutes, is_slow = first_answers(config, desk, tickets)
    at_work = office.between(opened, opened + MINUTE) > 0
    by_team = at_work & (np.array(CHANNELS)[tickets.channel] == "phone") & (draw(key, _CALL) < 0.3)
    replied = np.maximum(office.after(opened, _micros(minutes)), opened + 3 * MINUTE)
    has_bot = np.isin(np.array(CHANNELS)[tickets.channel], ["email", "web", "chat"]) & (draw(key, _BOT) < BOT_SHARE)
    has_note = draw(key, _NOTE) < NOTE_SHARE
    is_taken = is_taken_later(tickets, by_team)
    is_raised = (tickets.priority >= PRIORITIES.index("high")) & (draw(key, _RAISED) < RAISED_SHARE)
    pace = np.array([agent.median_minutes for agent in desk.agents])[tickets.agent]
    has_hold, third_party = draw(key, _HOLD, 0) < HOLD_SHARE, draw(key, _HOLD, 1) < THIRD_PARTY_SHARE
    held = np.where(has_hold, replied + MINUTE, NOT_YET)
    wait = chance.lognormal(draw(key, _HOLD, 2), np.where(third_party, THIRD_PARTY_HOURS, HOLD_HOURS), 1.0)
    resumed = np.where(has_hold, replied + MINUTE + np.rint(wait * _HOUR).astype(np.int64), NOT_YET)
    replied_again = np.where(has_hold, _after(office, resumed, pace * 0.6, 1.0, key, 0), NOT_YET)
    stuck = np.where(draw(key, _WORK, 9) < STUCK_SHARE, STUCK_FACTOR, 1.0)
    resolved = _after(office, np.where(has_hold, replied_again, replied), RESOLUTION_MINUTES * stuck, 1.2, key, 1)
    comes_back = draw(key, _REOPEN, 0) < REOPEN_SHARE
    pause = np.clip(chance.lognormal(draw(key, _REOPEN, 1), 20.0, 0.8), 0.5, 100.0)
    reopened = np.where(comes_back, resolved + np.rint(pause * _HOUR).astype(np.int64), NOT_YET)
    answered = np.where(comes_back, _after(office, reopened, pace, _SIGMA_AGAIN, key, 2), NOT_YET)
    resolved_again = np.where(comes_back, _after(office, answered, 120.0, 1.0, key, 3), NOT_YET)
    final = np.where(comes_back, resolved_again, resolved)
    is_rated = draw(key, _RATED, 0) < ANSWER_SHARE
    later = np.clip(chance.lognormal(draw(key, _RATED, 1), 5.0, 1.2), 0.05, 110.0)
    liked = np.where(is_slow, SATISFIED_LATE, SATISFIED_IN_TIME) - SATISFIED_LESS_REOPENED * comes_back
    last = np.int64(end) * 1_000_000

    def before_end(at: Ints, which: Bools | None = None) -> Ints:
        happens = at < last if which is None else (at < last) & which
        return np.where(happens, at, NOT_YET)

    return Course(
        opened=opened,
        bot=before_end(opened + 20_000_000, has_bot & ~by_team),
        asked=before_end(opened + MINUTE, by_team),
        taken=before_end(opened + (replied - opened) * 2 // 5, is_taken),
        raised=before_end(opened + (replied - opened) // 2, is_raised),
        noted=before_end(opened + (replied - opened) * 3 // 5, has_note),
        replied=before_end(replied),
        held=before_end(held),
        resumed=before_end(resumed),
        replied_again=before_end(replied_again),
        resolved=before_end(resolved),
        reopened=before_end(reopened),
        answered=before_end(answered),
        resolved_again=before_end(resolved_again),
        closed=before_end(final + _CLOSED_AFTER),
        rated=before_end(final + np.rint(later * _HOUR).astype(np.int64), is_rated),
        by_team=by_team,
        third_party=third_party,
        is_slow=is_slow,
        is_satisfied=draw(key, _RATED, 2) < liked,
    )


def is_taken_later(tickets: Tickets, by_team: Bools) -> Bools:
    """Which tickets wait in the queue until somebody takes them; the others are somebody's at once."""
    taken: Bools = (draw(tickets.key, _TAKEN) < TAKEN_SHARE) & ~by_team
    return taken


def first_answers(config: SimulationConfig, desk: Desk, tickets: Tickets) -> tuple[Floats, Bools]:
    """Working minutes until the first answer, and whether that is later than its target."""
    sigma = np.array([agent.sigma for agent in desk.agents])[tickets.agent]
    median = np.array([agent.median_minutes for agent in desk.agents])[tickets.agent]
    median = median * np.array(PRIORITY_PACE)[tickets.priority]
    target = desk.response_minutes()[tickets.priority].astype(np.float64)
    slow_share = np.where(target > 0, special.ndtr(-np.log(np.maximum(target, 1.0) / median) / sigma), 0.0)
    among_staying = _share_of_the_others(slow_share, config.slow_answer_factor)
    odds = np.where(tickets.has_left, config.slow_answer_factor, 1.0)
    slow = odds * among_staying / (1 + (odds - 1) * among_staying)
    is_slow = draw(tickets.key, _SLOW) < slow
    u = draw(tickets.key, _SPEED)
    u = np.where(is_slow, 1 - slow_share * u, (1 - slow_share) * u)
    minutes = np.maximum(chance.lognormal(np.clip(u, 2.0**-54, 1 - 2.0**-53), median, sigma), _SHORTEST_MINUTES)
    return np.where(is_slow, np.maximum(minutes, target + 0.1), minutes), is_slow


def _share_of_the_others(slow_share: Floats, factor: float) -> Floats:
    """The part that waits too long among those who buy again, where `slow_share` of all do.

    With q for them and f·q ÷ (1 + (f − 1)·q) for those who left, the two add up to the part of all: a quadratic in q.
    """
    if factor == 1:
        return slow_share
    a = (1 - LEFT_SHARE) * (factor - 1)
    b = LEFT_SHARE * factor + (1 - LEFT_SHARE) - slow_share * (factor - 1)
    share: Floats = (np.sqrt(b * b + 4 * a * slow_share) - b) / (2 * a)
    return share


def _after(office: WorkingHours, since: Ints, median: Floats | float, sigma: float, key: Bits, number: int) -> Ints:
    """So much working time later: log-normal, with this median in minutes."""
    minutes = chance.lognormal(draw(key, _AGAIN, number), median, sigma)
    return office.after(np.where(since == NOT_YET, 0, since), _micros(minutes))


def _micros(minutes: Floats) -> Ints:
    return np.rint(minutes * MINUTE).astype(np.int64)
