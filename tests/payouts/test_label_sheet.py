"""Labels: Chinese is embedded, everything fits or is said not to, and what the font lacks is named by award."""

import re

from payouts.label_sheet import Parcel, draw, wrap


def parcel(award_id: int = 1, name: str = "欧阳芷若", *lines: str) -> Parcel:
    return Parcel(award_id=award_id, name=name, lines=lines or ("广东省深圳市", "518057"), note=f"#{award_id}")


def pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b", pdf))


def test_eight_labels_make_a_page_and_a_ninth_another() -> None:
    assert pages(draw(parcel(number) for number in range(1, 9)).pdf) == 1
    sheet = draw(parcel(number) for number in range(1, 10))
    assert pages(sheet.pdf) == 2
    assert sheet.printed == tuple(range(1, 10))


def test_the_font_is_embedded_as_far_as_it_is_used() -> None:
    pdf = draw([parcel()]).pdf
    assert b"/FontFile2" in pdf
    assert len(pdf) < 60_000


def test_nothing_of_the_address_stands_in_the_file_in_clear() -> None:
    pdf = draw([parcel(1, "Zhang San", "Jianguo Road 1")]).pdf
    assert b"Zhang San" not in pdf


def test_what_the_font_lacks_is_named_by_award() -> None:
    sheet = draw([parcel(1), parcel(2, "喆堃"), parcel(3, "𰻝"), parcel(4, "王😀")])
    assert (sheet.unreadable, sheet.too_long) == ((3, 4), ())


def test_a_long_address_is_printed_smaller_and_one_without_end_is_named() -> None:
    long, endless = parcel(1, "Wang", *["北京市朝阳区建国路八十八号" * 3] * 5), parcel(2, "Wang", "x" * 4_000)
    assert draw([long, endless]).too_long == (2,)


def test_latin_breaks_at_spaces_and_chinese_anywhere() -> None:
    assert wrap("Maria von Habsburg", 12, 80) == ["Maria von", "Habsburg"]
    assert all(len(line) <= 7 for line in wrap("广东省深圳市南山区粤海街道科技园", 12, 84))
    assert "".join(wrap("广东省深圳市南山区粤海街道科技园", 12, 84)) == "广东省深圳市南山区粤海街道科技园"
    assert wrap("", 12, 80) == []
