"""Where customers live: countries, cities, streets, and how addresses, postcodes and phone numbers look there.

In patterns '#' stands for a digit and '@' for a letter. Phone patterns are ranges of mobile numbers (of the city in the
United States) that are valid for the country; the digits are made up and must never be dialled.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class City:
    """One city: its region, the pattern of its postcodes, and its telephone area code where mobiles have one."""

    name: str
    region: str
    postcode: str
    area: str = ""


@dataclass(frozen=True)
class Locale:
    """One country as customers see it."""

    code: str
    country: str
    language: str
    share: float
    phone: str
    """E.164 with '#' for the last digits, and {area} for the city's area code."""
    streets: tuple[str, ...]
    address: str
    """How street, number and flat are put together."""
    cities: tuple[City, ...]
    mail: tuple[str, ...]


def _cities(text: str) -> tuple[City, ...]:
    return tuple(City(*(part.strip() for part in line.split("|"))) for line in text.strip().splitlines())


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(","))


_MAIL = ("example.com", "example.org", "example.net")

LOCALES = (
    Locale(
        "de-DE", "DE", "de", 0.27, "+49151########",
        _list(
            "Hauptstraße, Lindenstraße, Gartenweg, Schillerstraße, Goethestraße, Bahnhofstraße, Kirchgasse, Am "
            "Mühlbach, Rosenweg, Berliner Allee, Kastanienallee, Marktplatz, Ulmenweg, Wiesengrund, Bergstraße"
        ),
        "{street} {number}",
        _cities(
            """Berlin | Berlin | 10###
            Hamburg | Hamburg | 20###
            München | Bayern | 80###
            Nürnberg | Bayern | 904##
            Köln | Nordrhein-Westfalen | 50###
            Düsseldorf | Nordrhein-Westfalen | 402##
            Frankfurt am Main | Hessen | 60###
            Stuttgart | Baden-Württemberg | 701##
            Freiburg im Breisgau | Baden-Württemberg | 791##
            Leipzig | Sachsen | 041##
            Dresden | Sachsen | 010##
            Bremen | Bremen | 281##
            Hannover | Niedersachsen | 301##
            Göttingen | Niedersachsen | 370##"""
        ),
        (*_MAIL, "post.example"),
    ),
    Locale(
        "fr-FR", "FR", "fr", 0.17, "+3361#######",
        _list(
            "rue des Lilas, avenue Victor-Hugo, rue de la République, place de l'Église, boulevard Voltaire, rue "
            "du Moulin, allée des Tilleuls, rue Pasteur, chemin des Vignes, quai de la Marne, impasse des Roses, "
            "rue Jean-Jaurès"
        ),
        "{number} {street}",
        _cities(
            """Paris | Île-de-France | 750##
            Versailles | Île-de-France | 78000
            Lyon | Auvergne-Rhône-Alpes | 6900#
            Grenoble | Auvergne-Rhône-Alpes | 38000
            Marseille | Provence-Alpes-Côte d'Azur | 130##
            Nice | Provence-Alpes-Côte d'Azur | 06#00
            Toulouse | Occitanie | 31#00
            Montpellier | Occitanie | 340##
            Bordeaux | Nouvelle-Aquitaine | 33#00
            Nantes | Pays de la Loire | 44#00
            Rennes | Bretagne | 35#00
            Strasbourg | Grand Est | 67#00
            Lille | Hauts-de-France | 59#00"""
        ),
        (*_MAIL, "courrier.example"),
    ),
    Locale(
        "en-GB", "GB", "en", 0.16, "+44771#######",
        _list(
            "Church Lane, High Street, Station Road, Victoria Road, Mill Lane, The Crescent, Park Avenue, Queens Road, "
            "Orchard Close, Manor Drive, Albert Terrace, Chapel Street, Kingsway, Meadow View"
        ),
        "{number} {street}",
        _cities(
            """London | England | SW1# #@@
            Leeds | England | LS# #@@
            Manchester | England | M1# #@@
            Bristol | England | BS# #@@
            York | England | YO1# #@@
            Newcastle upon Tyne | England | NE# #@@
            Brighton | England | BN1 #@@
            Edinburgh | Scotland | EH# #@@
            Glasgow | Scotland | G1# #@@
            Aberdeen | Scotland | AB1# #@@
            Cardiff | Wales | CF# #@@
            Swansea | Wales | SA# #@@
            Belfast | Northern Ireland | BT# #@@"""
        ),
        (*_MAIL, "mail.example"),
    ),
    Locale(
        "en-US", "US", "en", 0.12, "+1{area}#######",
        _list(
            "Maple Avenue, Oak Street, Main Street, Washington Boulevard, Elm Drive, Sunset Lane, Cedar Court, "
            "2nd Avenue, Lincoln Road, Pine Street, Highland Avenue, River Road, Lakeview Terrace"
        ),
        "{long_number} {street}",
        _cities(
            """New York | New York | 100## | 212
            Brooklyn | New York | 112## | 718
            Chicago | Illinois | 606## | 312
            Los Angeles | California | 900## | 213
            San Francisco | California | 941## | 415
            Seattle | Washington | 981## | 206
            Boston | Massachusetts | 021## | 617
            Miami | Florida | 331## | 305
            Austin | Texas | 787## | 512
            Dallas | Texas | 752## | 214
            Denver | Colorado | 802## | 303
            Phoenix | Arizona | 850## | 602
            Philadelphia | Pennsylvania | 191## | 215
            Portland | Oregon | 972## | 503
            Atlanta | Georgia | 303## | 404"""
        ),
        (*_MAIL, "mail.example"),
    ),
    Locale(
        "es-ES", "ES", "es", 0.12, "+346########",
        _list(
            "Calle Mayor, Avenida de la Constitución, Calle del Sol, Plaza de España, Calle San Juan, Paseo de la "
            "Castellana, Calle Cervantes, Ronda de Toledo, Calle del Olmo, Gran Vía, Travesía del Mar"
        ),
        "{street}, {number}",
        _cities(
            """Madrid | Comunidad de Madrid | 280##
            Alcalá de Henares | Comunidad de Madrid | 288##
            Barcelona | Cataluña | 080##
            Girona | Cataluña | 170##
            Valencia | Comunitat Valenciana | 460##
            Sevilla | Andalucía | 410##
            Málaga | Andalucía | 290##
            Granada | Andalucía | 180##
            Bilbao | País Vasco | 480##
            Zaragoza | Aragón | 500##
            A Coruña | Galicia | 150##
            Palma | Illes Balears | 070##"""
        ),
        (*_MAIL, "correo.example"),
    ),
    Locale(
        "zh-CN", "CN", "zh", 0.11, "+86138########",
        _list("人民路, 中山路, 解放路, 建设大道, 和平街, 文化路, 长江路, 学院路, 新华路, 环城东路, 滨江大道, 朝阳街"),
        "{street}{number}号{flat}室",
        _cities(
            """北京市 | 北京市 | 100###
            上海市 | 上海市 | 200###
            广州市 | 广东省 | 510###
            深圳市 | 广东省 | 518###
            杭州市 | 浙江省 | 310###
            宁波市 | 浙江省 | 315###
            南京市 | 江苏省 | 210###
            苏州市 | 江苏省 | 215###
            成都市 | 四川省 | 610###
            武汉市 | 湖北省 | 430###
            西安市 | 陕西省 | 710###
            长沙市 | 湖南省 | 410###
            青岛市 | 山东省 | 266###"""
        ),
        (*_MAIL, "youxiang.example"),
    ),
    Locale(
        "ja-JP", "JP", "ja", 0.05, "+81901#######",
        _list("中央, 本町, 栄町, 緑ヶ丘, 旭町, 桜木町, 大手町, 青葉台, 若葉町, 東山"),
        "{street}{block}丁目{number}-{flat}",
        _cities(
            """新宿区 | 東京都 | 160-00##
            世田谷区 | 東京都 | 154-00##
            大阪市 | 大阪府 | 530-00##
            京都市 | 京都府 | 600-8###
            名古屋市 | 愛知県 | 460-00##
            横浜市 | 神奈川県 | 220-00##
            札幌市 | 北海道 | 060-00##
            福岡市 | 福岡県 | 810-00##
            仙台市 | 宮城県 | 980-08##"""
        ),
        (*_MAIL, "yubin.example"),
    ),
)  # fmt: skip
