"""What the simulated company sells: about 200 products in 12 categories, and the bundles people buy together.

Names and prices are made up; prices are in euros and scaled to the workspace currency by a rounded factor.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from crm_core.demo.config import Bundle

SHIPPING_CODE = "SHIP"
SHIPPING_NAME = "Shipping"
SHIPPING_PRICE = 4.90

CURRENCY_FACTORS = {
    "JPY": 150,
    "CNY": 8,
    "KRW": 1500,
    "INR": 90,
    "SEK": 11,
    "NOK": 11,
    "DKK": 7,
    "CZK": 25,
    "PLN": 4,
    "HUF": 400,
}
"""How many units of money a price of one euro becomes; 1 for the rest. Price points, not exchange rates."""


@dataclass(frozen=True)
class Item:
    """One product of the catalogue with its price at the beginning, in euros."""

    code: str
    name: str
    category: str
    price: float


_CATALOGUE = {
    "COF Coffee": """
        Espresso beans 250 g 6.90; House blend 500 g 11.90; Decaf beans 250 g 7.40;
        Ethiopia single origin 250 g 9.80; Colombia single origin 250 g 9.20; Ground filter coffee 500 g 8.90;
        Cold brew bottles, 4 pieces 12.50; Ceramic pour-over dripper 18.90; Paper filters, 100 pieces 3.90;
        Gooseneck kettle 44.90; Hand grinder 39.00; Moka pot, 3 cups 24.90; French press 1 l 29.90;
        Milk frother 17.50; Coffee scale 34.90; Cocoa powder 200 g 5.60; Descaler 250 ml 6.20""",
    "TEA Tea": """
        Assam loose leaf 100 g 5.20; Darjeeling first flush 100 g 9.90; Earl Grey 100 g 5.80; Sencha 100 g 7.60;
        Jasmine pearls 50 g 8.40; Rooibos vanilla 100 g 4.60; Peppermint leaves 60 g 3.80;
        Camomile flowers 60 g 3.90; Ginger and lemon, 20 bags 3.40; Chai spices 100 g 5.40; Matcha 30 g 16.90;
        Bamboo whisk 8.90; Matcha bowl 19.90; Glass teapot 1 l 27.50; Tea strainer 4.20; Tea tin 5.90;
        Honey 250 g 6.40""",
    "KIT Kitchen": """
        Chef's knife 20 cm 49.00; Paring knife 12.90; Bread knife 24.50; Cutting board, oak 26.90; Whetstone 22.90;
        Cast-iron pan 26 cm 44.90; Saucepan 2 l 36.90; Roasting tin 21.50; Mixing bowls, set of 3 24.90; Whisk 7.90;
        Silicone spatula 5.90; Wooden spoons, set of 3 6.50; Kitchen timer 8.90; Measuring jug 6.90; Colander 15.90;
        Tea towels, 3 pieces 9.90; Oven gloves 11.90""",
    "BAK Baking": """
        Banneton proofing basket 16.90; Dough scraper 4.50; Bread lame 9.90; Baking stone 32.00; Loaf tin 11.90;
        Springform 26 cm 17.90; Muffin tray 13.90; Cupcake cases, 60 pieces 2.90; Piping bags, 10 pieces 3.60;
        Icing nozzles 8.50; Cookie cutters, 12 pieces 7.90; Rolling pin 12.50; Baking parchment 3.20;
        Vanilla paste 50 ml 9.40; Bread flour 2.5 kg 5.90; Dried yeast, 6 sachets 2.40; Cooling rack 9.50""",
    "TAB Tableware": """
        Dinner plates, set of 4 39.90; Side plates, set of 4 27.90; Cereal bowls, set of 4 29.90;
        Mug, blue glaze 9.90; Mug, white 8.50; Espresso cups, set of 2 14.90; Water glasses, set of 6 18.90;
        Wine glasses, set of 4 29.50; Carafe 16.90; Cutlery set, 24 pieces 69.00; Linen napkins, 4 pieces 15.90;
        Tablecloth 34.90; Butter dish 13.50; Salad servers 12.90; Salt and pepper mills 27.90; Serving board 22.50;
        Coasters, 6 pieces 6.90""",
    "LIV Living": """
        Cushion cover 40 × 40 12.90; Cushion filling 40 × 40 8.90; Wool throw 59.00; Cotton throw 32.90;
        Door mat 19.90; Storage basket, small 11.90; Storage basket, large 21.90; Picture frame A4 9.90;
        Picture frame A3 14.90; Wall clock 29.90; Vase, clear 15.90; Vase, stoneware 24.90; Bookends 18.50;
        Magazine rack 34.50; Coat hooks 16.50; Photo album 19.50; Picture hooks, 20 pieces 2.90""",
    "CAN Candles and scents": """
        Tealights, 50 pieces 4.90; Pillar candle 5.50; Dinner candles, 6 pieces 6.90; Scented candle, fig 16.90;
        Scented candle, cedar 16.90; Reed diffuser, linen 19.90; Diffuser refill 11.90; Candle holder, brass 14.50;
        Lantern, small 17.90; Lantern, large 32.90; Long matches 2.90; Wick trimmer 7.90; Incense sticks 4.20;
        Lavender sachets, 3 pieces 6.20; Room spray 9.50; Beeswax candle 8.90; Advent wreath 24.90""",
    "BAT Bath": """
        Hand towel 8.90; Bath towel 16.90; Bath mat 19.90; Hand soap, olive 5.40; Hand cream 7.90; Shampoo bar 8.50;
        Conditioner bar 8.90; Soap dish 5.90; Bath salts 500 g 7.50; Body brush 11.50; Face cloths, 3 pieces 7.20;
        Toothbrush, bamboo 2.90; Tooth powder 6.90; Laundry bag 9.90; Bathrobe 49.90; Cotton pads, washable 8.20;
        Shower caddy 22.90""",
    "STA Stationery": """
        Notebook A5, dotted 8.90; Notebook A4, lined 10.90; Weekly planner 15.90; Wall calendar 13.90;
        Fountain pen 22.90; Ink cartridges, 6 pieces 3.20; Ink bottle 30 ml 8.40; Pencils, 12 pieces 6.90;
        Eraser 1.60; Sharpener 2.80; Greeting card 2.50; Envelopes, 25 pieces 3.90; Wrapping paper 3.50;
        Gift ribbon 2.90; Gift tags, 10 pieces 2.60; Washi tape, 3 rolls 4.90; Desk organiser 18.90""",
    "GAR Garden": """
        Terracotta pot 12 cm 3.90; Terracotta pot 20 cm 8.90; Plant saucer 2.90; Potting soil 10 l 6.50;
        Herb seeds, 5 sorts 5.90; Wildflower seeds 3.20; Tomato seeds 2.60; Hand trowel 9.90; Secateurs 24.90;
        Gardening gloves 8.50; Watering can 22.90; Plant labels, 20 pieces 3.40; Garden twine 4.20;
        Bird feeder 16.90; Fat balls, 20 pieces 7.50; Kneeling mat 12.50; Liquid fertiliser 1 l 6.80""",
    "TOY Toys and games": """
        Wooden blocks, 50 pieces 24.90; Stacking rings 12.90; Puzzle 500 pieces 14.90; Puzzle 1000 pieces 17.90;
        Memory game 11.90; Card game 9.50; Board game, family 29.90; Dice set 4.90; Marble run 44.90;
        Wooden train 19.90; Train tracks 22.50; Soft toy, hare 15.90; Soft toy, bear 15.90; Colouring book 5.90;
        Crayons, 24 pieces 7.40; Watercolours 9.90; Skipping rope 6.50""",
    "OUT Out and about": """
        Steel bottle 0.5 l 21.90; Steel bottle 0.75 l 24.90; Lunch box 18.90; Snack box 9.90; Travel mug 23.50;
        Picnic blanket 29.90; Picnic cutlery 12.90; Tote bag 9.50; Backpack 69.00; Rain cape 34.90; Umbrella 19.90;
        Head torch 26.50; Pocket knife 28.90; First-aid kit 17.90; Sun hat 16.50; Bicycle bell 8.90; Key ring 4.50""",
}

_BUNDLES = (
    ("Pour-over", 0.040, 0.92, ("Ceramic pour-over dripper", "Paper filters, 100 pieces", "Gooseneck kettle")),
    ("Matcha ceremony", 0.025, 0.92, ("Matcha 30 g", "Bamboo whisk", "Matcha bowl")),
    ("Sharp knives", 0.020, 0.88, ("Chef's knife 20 cm", "Whetstone")),
    ("Sourdough", 0.030, 0.88, ("Banneton proofing basket", "Dough scraper", "Bread lame", "Bread flour 2.5 kg")),
    ("Birthday cakes", 0.025, 0.86, ("Cupcake cases, 60 pieces", "Piping bags, 10 pieces", "Icing nozzles")),
    ("Cushion", 0.035, 0.95, ("Cushion cover 40 × 40", "Cushion filling 40 × 40")),
    ("Wrapped present", 0.045, 0.85, ("Wrapping paper", "Gift ribbon", "Gift tags, 10 pieces")),
    ("Herb garden", 0.030, 0.86, ("Terracotta pot 12 cm", "Plant saucer", "Potting soil 10 l", "Herb seeds, 5 sorts")),
)


@lru_cache
def items() -> tuple[Item, ...]:
    """All products, by category; shipping is not one of them."""
    found: list[Item] = []
    for heading, text in _CATALOGUE.items():
        prefix, _, category = heading.partition(" ")
        for number, entry in enumerate(text.split(";"), start=1):
            name, _, price = entry.strip().rpartition(" ")
            found.append(Item(f"{prefix}-{number:02d}", name, category, float(price)))
    return tuple(found)


@lru_cache
def bundles() -> tuple[Bundle, ...]:
    """The planted bundles, by code."""
    codes = {item.name: item.code for item in items()}
    return tuple(
        Bundle(name, tuple(codes[product] for product in products), probability, keep)
        for name, probability, keep, products in _BUNDLES
    )
