"""Given names, family names and company names of each locale. The people are made up."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Names:
    """Names of one locale; where they are not written in Latin letters, `latin` spells them for e-mail addresses."""

    given: tuple[str, ...]
    family: tuple[str, ...]
    trades: tuple[str, ...]
    company: str
    """How a company's name is put together from {family}, {city} and {trade}."""
    person: str = "{given} {family}"
    latin_given: tuple[str, ...] = ()
    latin_family: tuple[str, ...] = ()


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _pairs(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Words written as 'name:latin'."""
    pairs = [word.split(":") for word in text.split()]
    return tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs)


_ZH_FAMILY, _ZH_FAMILY_LATIN = _pairs(
    "王:wang 李:li 张:zhang 刘:liu 陈:chen 杨:yang 赵:zhao 黄:huang 周:zhou 吴:wu 徐:xu 孙:sun 胡:hu 朱:zhu "
    "高:gao 林:lin 何:he 郭:guo 马:ma 罗:luo 梁:liang 宋:song 郑:zheng 谢:xie 韩:han 唐:tang 冯:feng 于:yu "
    "董:dong 萧:xiao 程:cheng 曹:cao 袁:yuan 邓:deng 许:xu 傅:fu 沈:shen 曾:zeng 彭:peng 吕:lv 欧阳:ouyang "
    "司马:sima 上官:shangguan 诸葛:zhuge"
)
_ZH_GIVEN, _ZH_GIVEN_LATIN = _pairs(
    "伟:wei 芳:fang 娜:na 敏:min 静:jing 磊:lei 洋:yang 勇:yong 艳:yan 杰:jie 涛:tao 明:ming 超:chao 霞:xia "
    "平:ping 刚:gang 秀英:xiuying 桂兰:guilan 志强:zhiqiang 建国:jianguo 建华:jianhua 海燕:haiyan 晓明:xiaoming "
    "雪梅:xuemei 子轩:zixuan 梓涵:zihan 雨桐:yutong 欣怡:xinyi 浩然:haoran 思远:siyuan 佳琪:jiaqi 诗涵:shihan "
    "宇航:yuhang 俊杰:junjie 文博:wenbo 婷婷:tingting 丽华:lihua 春梅:chunmei 国强:guoqiang 晨曦:chenxi "
    "嘉怡:jiayi 立群:liqun 慧敏:huimin 一诺:yinuo"
)
_JA_FAMILY, _JA_FAMILY_LATIN = _pairs(
    "佐藤:sato 鈴木:suzuki 高橋:takahashi 田中:tanaka 伊藤:ito 渡辺:watanabe 山本:yamamoto 中村:nakamura "
    "小林:kobayashi 加藤:kato 吉田:yoshida 山田:yamada 佐々木:sasaki 山口:yamaguchi 松本:matsumoto 井上:inoue "
    "木村:kimura 林:hayashi 斎藤:saito 清水:shimizu 山崎:yamazaki 森:mori 池田:ikeda 橋本:hashimoto 石川:ishikawa "
    "前田:maeda 藤田:fujita 小川:ogawa"
)
_JA_GIVEN, _JA_GIVEN_LATIN = _pairs(
    "翔太:shota 健太:kenta 大輔:daisuke 拓也:takuya 直樹:naoki 陽菜:hina 美咲:misaki 結衣:yui さくら:sakura "
    "葵:aoi 蓮:ren 悠真:yuma 陽翔:haruto 湊:minato 凛:rin 紬:tsumugi 花子:hanako 由美子:yumiko 恵子:keiko "
    "誠:makoto 浩:hiroshi 隆:takashi 真由美:mayumi 智子:tomoko 裕子:yuko 和也:kazuya 亮:ryo 彩:aya"
)

NAMES: dict[str, Names] = {
    "en-GB": Names(
        _words(
            "Oliver George Harry Jack Noah Leo Arthur Oscar Freddie Alfie Amelia Isla Ava Ivy Freya Florence "
            "Willow Poppy Elsie Grace Imogen Callum Ewan Rhys Dylan Bethan Megan Niamh Aisling Priya Anjali Imran "
            "Zara Kwame Adaeze Nigel Graham Hazel Maureen Philippa Tobias Harriet Rupert Gemma Declan Siobhan"
        ),
        _words(
            "Smith Jones Taylor Brown Williams Wilson Johnson Davies Patel Robinson Wright Thompson Evans Walker "
            "White Roberts Green Hall Wood Harris Lewis Clarke Jackson Turner Hill Cooper Ward Morris Hughes "
            "Edwards Baker O'Brien O'Connor MacDonald Campbell Khan Begum Okafor Ashworth Fairweather Whitcombe "
            "Pemberton Lacey Thorne"
        ),
        ("Interiors", "Catering", "Bookshop", "Lettings", "Events", "Dental Practice", "Architects", "Gardens"),
        "{family} {trade} Ltd",
    ),
    "en-US": Names(
        _words(
            "James Robert John Michael David William Richard Joseph Thomas Christopher Mary Patricia Jennifer "
            "Linda Elizabeth Barbara Susan Jessica Sarah Karen Emma Olivia Sophia Mia Aaliyah DeShawn Tyrone Luis "
            "Miguel Guadalupe Mei Jin Ethan Logan Mason Madison Brooklyn Savannah Wyatt Caleb Chloe Naomi Ruth "
            "Esther Malik"
        ),
        _words(
            "Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez Gonzalez Wilson "
            "Anderson Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris Sanchez Clark Ramirez Lewis "
            "Robinson Walker Young Allen King Wright Scott Torres Nguyen Hill Flores Green Adams Nelson Kowalski Yamada"
        ),
        ("Design Studio", "Coffee Roasters", "Realty", "Events", "Law Group", "Dental", "Outfitters", "Bakery"),
        "{family} {trade} LLC",
    ),
    "de-DE": Names(
        _words(
            "Lukas Leon Finn Jonas Paul Felix Maximilian Elias Ben Noah Emma Mia Hannah Lea Sophie Marie Lena "
            "Clara Ida Frieda Jürgen Günther Wolfgang Klaus Uwe Stefan Andreas Thomas Michael Sabine Petra Monika "
            "Ute Heike Jörg Sören Björn Käthe Ayşe Mehmet Emre Elif Oksana Piotr Hans-Peter Anna-Lena"
        ),
        _words(
            "Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch Bauer "
            "Richter Klein Wolf Schröder Neumann Schwarz Zimmermann Braun Krüger Hofmann Hartmann Lange Schmitt "
            "Werner Krause Meier Lehmann Köhler Maier Groß Weiß Jäger Yılmaz Kaya Nowak Kowalczyk Schönfeld "
            "Brandt Böhm Vogt Lüdtke"
        ),
        (
            "Elektrotechnik",
            "Innenausbau",
            "Gastronomie",
            "Buchhandlung",
            "Steuerberatung",
            "Veranstaltungen",
            "Gartenbau",
        ),
        "{family} {trade} GmbH",
    ),
    "fr-FR": Names(
        _words(
            "Gabriel Léo Raphaël Louis Arthur Jules Adam Hugo Lucas Théo Jade Louise Emma Ambre Alice Rose Anna "
            "Chloé Inès Léa Jean Pierre Michel André Philippe François Benoît Jérôme Rémi Sébastien Nathalie "
            "Isabelle Sylvie Hélène Cécile Véronique Amélie Maëlys Karim Yasmine Mamadou Fatou Jean-Luc "
            "Marie-Claire Zoé"
        ),
        _words(
            "Martin Bernard Thomas Petit Robert Richard Durand Dubois Moreau Laurent Simon Michel Lefebvre Leroy "
            "Roux David Bertrand Morel Fournier Girard Bonnet Dupont Lambert Fontaine Rousseau Vincent Müller "
            "Faure Mercier Blanc Guérin Boyer Garnier Chevalier François Legrand Gauthier Perrin Benali Diallo "
            "Traoré Nguyen Lemaître Délaître"
        ),
        ("Traiteur", "Décoration", "Librairie", "Architectes", "Immobilier", "Événements", "Fleuriste"),
        "{trade} {family} SARL",
    ),
    "es-ES": Names(
        _words(
            "Hugo Mateo Martín Lucas Leo Daniel Alejandro Pablo Álvaro Adrián Lucía Sofía Martina María Julia "
            "Paula Valeria Emma Daniela Carla José Antonio Manuel Francisco Javier Ángel Íñigo Iñaki Jordi Nuria "
            "Begoña Pilar Montserrat Carmen Rocío Inés Andrés Óscar Rubén Mónica Fátima Yolanda Concepción Unai"
        ),
        _words(
            "García Rodríguez González Fernández López Martínez Sánchez Pérez Gómez Martín Jiménez Ruiz Hernández "
            "Díaz Moreno Muñoz Álvarez Romero Alonso Gutiérrez Navarro Torres Domínguez Vázquez Ramos Gil Ramírez "
            "Serrano Blanco Molina Morales Suárez Ortega Delgado Castro Ortiz Rubio Marín Sanz Núñez Iglesias "
            "Medina Peña Etxeberria"
        ),
        ("Hostelería", "Decoración", "Librería", "Arquitectos", "Eventos", "Jardines", "Panadería"),
        "{trade} {family} S.L.",
    ),
    "zh-CN": Names(
        _ZH_GIVEN,
        _ZH_FAMILY,
        ("贸易", "文化传媒", "餐饮管理", "家居用品", "科技", "图书", "园艺"),
        "{city}{family}氏{trade}有限公司",
        "{family}{given}",
        _ZH_GIVEN_LATIN,
        _ZH_FAMILY_LATIN,
    ),
    "ja-JP": Names(
        _JA_GIVEN,
        _JA_FAMILY,
        ("商事", "工務店", "書店", "食品", "設計事務所", "園芸"),
        "株式会社{family}{trade}",
        "{family} {given}",
        _JA_GIVEN_LATIN,
        _JA_FAMILY_LATIN,
    ),
}
