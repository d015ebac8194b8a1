"""Text: the 2022 mapping of GB 18030, and bytes that are no text."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import schemas
from jobs.io.text import EncodingUnsupportedError, codec_of, decode, encode, show_bytes

CODES = json.loads((Path(schemas.__file__).parent / "codes" / "gb18030_2022.json").read_text(encoding="utf-8"))["codes"]


@pytest.mark.parametrize("code", CODES, ids=lambda code: code["code"])
def test_the_codes_that_changed_are_read_and_written_as_the_2022_edition_has_them(code: dict[str, str]) -> None:
    character = chr(int(code["character"].removeprefix("U+"), 16))
    assert decode(bytes.fromhex(code["code"]), "gb18030") == character
    assert encode(character, "gb18030").hex().upper() == code["code"]


def test_all_that_changed_are_there() -> None:
    assert len(CODES) == 19


def test_what_systems_of_before_2022_wrote_for_these_characters_is_read_as_such() -> None:
    assert decode(bytes.fromhex("82359037"), "gb18030") == "\u9fb4"


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Co",))))
def test_any_text_survives_gb18030(text: str) -> None:
    assert decode(encode(text, "gb18030"), "gb18030") == text


@given(st.binary())
def test_any_bytes_become_text_that_can_be_stored(data: bytes) -> None:
    for encoding in ("utf-8", "gb18030", "gbk", "gb2312"):
        text = show_bytes(decode(data, encoding))
        assert text.encode("utf-8").decode("utf-8") == text


def test_a_bad_byte_costs_only_itself() -> None:
    assert show_bytes(decode(b"\xd6\xd0\xff\n\xd6\xd0", "gb18030")) == "中\\xff\n中"
    assert show_bytes(decode(b"\x81\n\xd6\xd0", "gb18030")) == "\\x81\n中"


def test_a_line_of_utf8_in_gb18030_is_no_text() -> None:
    data = "张三,北京市\n".encode("gb18030") + "李四,上海市\n".encode() + "王五,天津市\n".encode("gb18030")
    assert show_bytes(decode(data, "gb18030")).split("\n")[0::2] == ["张三,北京市", "王五,天津市"]
    assert show_bytes(decode(data, "gb18030")).split("\n")[1].startswith(r"\xe6\x9d\x8e")


@given(
    st.lists(st.sampled_from("赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜鑫鎏淼翀翯"), min_size=1, max_size=4)
)
def test_short_names_in_gb18030_are_never_taken_for_utf8(name: list[str]) -> None:
    text = "".join(name)
    assert decode(text.encode("gb18030"), "gb18030") == text


def test_an_encoding_that_cannot_be_cut_into_lines_is_refused() -> None:
    with pytest.raises(EncodingUnsupportedError, match="'utf-16' is not supported"):
        codec_of("utf-16")
    with pytest.raises(EncodingUnsupportedError, match="'klingon' is not supported"):
        codec_of("klingon")
    assert codec_of("UTF-8-SIG") == "utf-8"
