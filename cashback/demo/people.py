"""Invented holders: names in both scripts, accounts with right check digits, sometimes a phone or an address.

Nobody is meant: names are drawn from lists, account numbers and phones from random digits.
"""

from random import Random

from stdnum import luhn
from stdnum.iso7064 import mod_97_10

FAMILY_NAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余叶蒋杜苏魏程吕丁沈任姚卢"
)
GIVEN_NAMES = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰建国文志鑫宇欣怡子涵梓轩雨桐浩然诗涵晨曦思远嘉懿若曦"
FIRST_NAMES = (
    *("Ada", "Björn", "Chloé", "Dmitri", "Elena", "Farid", "Grace", "Hiro", "Ines", "José", "Kateryna", "Liam"),
    *("Maya", "Nils", "Olga", "Pedro", "Rania", "Sofía", "Tomás", "Uma", "Viktor", "Wendy", "Xenia", "Yusuf"),
)
LAST_NAMES = (
    *("Andersson", "Becker", "Costa", "Dubois", "Eriksen", "Fischer", "García", "Hansen", "Ivanova", "Jansen"),
    *("Kowalski", "Lefèvre", "Müller", "Novák", "O'Brien", "Petrov", "Rossi", "Schmidt", "Tanaka", "Weiß"),
)
CARD_PREFIXES = ("621700", "622848", "621661", "622202")
BANKS = ("中国工商银行", "中国建设银行", "China Merchants Bank", "")


def holder(rng: Random) -> dict[str, str]:
    """Raw form values of one holder, as typed: name, account, and perhaps phone and e-mail."""
    typed = {"name": _name(rng), **_account(rng)}
    if rng.random() < 0.5:
        typed["phone"] = "13" + _digits(rng, 9)
    if rng.random() < 0.25:
        typed["email"] = f"holder{_digits(rng, 6)}@example.com"
    return typed


def _name(rng: Random) -> str:
    if rng.random() < 0.6:
        return rng.choice(FAMILY_NAMES) + "".join(rng.choices(GIVEN_NAMES, k=rng.choice((1, 2, 2))))
    return f"{rng.choice(FIRST_NAMES)} {rng.choice(LAST_NAMES)}"


def _account(rng: Random) -> dict[str, str]:
    kind = rng.choice(("cn_card", "cn_card", "cn_card", "iban", "other"))
    if kind == "cn_card":
        body = rng.choice(CARD_PREFIXES) + _digits(rng, 12)
        return {"account_kind": kind, "account_number": body + luhn.calc_check_digit(body), "account_bank": ""}
    if kind == "iban":
        body = _digits(rng, 18)
        check = mod_97_10.calc_check_digits(body + "DE")
        return {"account_kind": kind, "account_number": f"DE{check}{body}", "account_bank": ""}
    return {"account_kind": kind, "account_number": _digits(rng, 12), "account_bank": rng.choice(BANKS[:3])}


def _digits(rng: Random, count: int) -> str:
    return "".join(rng.choices("0123456789", k=count))
