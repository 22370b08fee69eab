"""What customers and agents write, in English and in Chinese."""

from __future__ import annotations

from typing import NamedTuple


class Words(NamedTuple):
    """A ticket's subject and text; `{product}` stands for the product's name."""

    subject: str
    text: str


ASKED, BOT, REPLY, AGAIN, CUSTOMER, NOTE, BACK, SORRY = range(8)
"""What is said at which point, as positions in SAID."""

TICKETS: dict[str, tuple[tuple[Words, ...], ...]] = {
    "en": (
        (
            Words("Where is my parcel?", "The parcel with my {product} should have been here days ago. Where is it?"),
            Words("Tracking has not moved for days", "Tracking of the {product} still says it left the warehouse."),
            Words("Parcel delivered to the wrong address", "The carrier left the {product} at a house I do not know."),
            Words("Delivery of {product} is late", "I ordered {product} as a present and it is not here yet."),
        ),
        (
            Words("Charged twice", "My card was charged twice for the order with the {product}."),
            Words("Payment declined at checkout", "I tried three times to pay for {product}; the payment is refused."),
            Words("Invoice missing", "I need the invoice for {product} with our company's name on it."),
        ),
        (
            Words("Cannot sign in", "The link to reset my password never arrives. Please help me to sign in."),
            Words("Please change my address", "I have moved. How do I change the address of my account?"),
            Words("Stop the newsletter", "Please take me off the list of the newsletter."),
        ),
        (
            Words("{product} arrived broken", "When I opened the box, {product} was in pieces. Please send another."),
            Words("Scratches on {product}", "There are scratches on the {product}; that is not what I paid for."),
            Words("Part missing: {product}", "A part of {product} is missing from the box."),
        ),
        (
            Words("Return {product}", "I would like to send {product} back. It is unused and in its box."),
            Words("Where is my refund?", "I sent {product} back two weeks ago and have not seen the money."),
            Words("Exchange {product}", "Can I have {product} in another colour or size instead?"),
        ),
        (
            Words("How do I use {product}?", "There was no manual with {product}. What do I have to mind?"),
            Words("Is {product} coming back?", "When will {product} be available again?"),
            Words("Ingredients and care: {product}", "What is {product} made of, and how should I care for it?"),
        ),
    ),
    "zh": (
        (
            Words("包裹在哪里？", "我订的{product}几天前就该到了，请帮我查一下包裹在哪里。"),
            Words("物流信息几天没有更新", "{product}的物流一直显示刚出库，请问什么时候能送到？"),
        ),
        (
            Words("重复扣款", "购买{product}的订单扣了两次款，请退回一次。"),
            Words("需要发票", "请为{product}开具公司抬头的发票。"),
        ),
        (
            Words("无法登录", "一直收不到重置密码的邮件，请帮我登录。"),
            Words("修改收货地址", "我搬家了，请问怎样修改账户里的地址？"),
        ),
        (
            Words("{product}到货时已损坏", "打开包装就发现{product}坏了，请补发一件。"),
            Words("{product}缺少配件", "包装里少了一个配件，请补寄。"),
        ),
        (
            Words("退货：{product}", "{product}没有用过，包装完好，我想退货。"),
            Words("退款还没有到账", "{product}两周前已经寄回，退款一直没有到账。"),
        ),
        (
            Words("{product}怎么使用？", "收到的{product}没有说明书，使用时要注意什么？"),
            Words("{product}什么时候有货？", "请问{product}什么时候能再买到？"),
        ),
    ),
}
"""By language and topic, in the order of `desk.TOPICS`."""

SAID: dict[str, tuple[tuple[str, ...], ...]] = {
    "en": (
        ("Thank you for your call. I have noted what you told me; could you send us a photo or the order number?",),
        ("We have received your message and will answer as soon as we can.",),
        (
            "I am sorry about this. I have looked into it and will come back to you with a solution.",
            "Thank you for writing. This should not have happened; here is what we can do.",
            "Thanks for your patience. I have passed it on and will keep you posted.",
        ),
        ("Thank you, that was what I needed. It is settled now.", "All done on our side; please tell us if it is not."),
        ("Here is what you asked for.", "Sorry for the wait, please find the details in this message."),
        ("Asked the warehouse.", "Has written before about something similar.", "Called the carrier."),
        ("It is still not solved, the same thing happened again.", "I am afraid this did not help."),
        ("I am sorry that it came back. I have taken care of it myself.",),
    ),
    "zh": (
        ("感谢您的来电，情况已经记录，请把照片或订单号发给我们。",),
        ("我们已收到您的来信，会尽快回复。",),
        ("非常抱歉，我已核实情况，很快给您解决方案。", "感谢来信，给您添麻烦了，处理办法如下。"),
        ("谢谢，问题已经处理好了。",),
        ("您要的资料在这里。",),
        ("已询问仓库。", "以前来信问过类似的问题。"),
        ("问题还没有解决，又出现了。",),
        ("抱歉问题再次出现，我已亲自处理。",),
    ),
}
"""By language, what is said at each point."""
