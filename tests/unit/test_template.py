"""Templates: what they may say, what becomes of it, and what they cannot do."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.config.settings import Vault
from syncd.errors import ConfigError, DocumentError
from syncd.formats.format import LOGSEQ, OBSIDIAN, Came, Format
from syncd.model import Document, Highlight, Tag
from syncd.page.dates import format_date, moment
from syncd.page.rendered import Labels, Rendered
from syncd.sync.vault_format import vault_format
from syncd.templates.sandbox import Script, TemplateFaultError
from syncd.templates.templated import NAMES, Source, templated
from syncd.vault.graph import Graph
from tests.support import hostile, logseq_parser

WHEN = datetime(2024, 7, 1, 12, 5, tzinfo=UTC)
URL = "https://twitter.com/example_owl/status/20"
ITEM = Highlight(
    7_000_001,
    text="Eulen hören\n\nजो हम नहीं सुनते",
    note="auch\nnachts",
    url=URL,
    tags=(Tag("vogel"), Tag("न")),
    highlighted_at="2024-05-05T23:30:00Z",
)
DOCUMENT = Document(
    9,
    title="Über/Eulen #1",
    author="@example_owl on Twitter, أحمد",
    category="tweets",
    source="twitter",
    source_url=URL,
    cover_image_url="https://example.org/eule.jpg",
    summary="eins\nzwei",
    tags=(Tag("वन"),),
    highlights=(ITEM,),
)


def form(base: Format = LOGSEQ, /, **texts: str) -> Format:
    """A format with these templates."""
    return templated(
        base, {name: Source(f"{name}.j2", text) for name, text in texts.items()}, WHEN, UTC, str
    )


def block(
    template: str, item: Highlight = ITEM, base: Format = LOGSEQ, document: Document = DOCUMENT
) -> Rendered:
    """What a highlight's template makes."""
    return form(base, highlight=template).highlight(document, item, UTC)


def stock(name: str, zone: str = "UTC") -> Format:
    """Readwise's own templates for an app."""
    vault = Vault(Path("/nowhere"), name="n", timezone=zone, template="readwise-default")
    return vault_format(vault, Graph(name, journal_title_format="MMM do, yyyy"))  # type: ignore[arg-type]


# --- a highlight ----------------------------------------------------------------------------------


def test_readwises_template_for_logseq_makes_its_block() -> None:
    """Text with the link behind it, tags and note as children.

    The text's own lines stay in its block.
    """
    rendered = stock("logseq").highlight(DOCUMENT, ITEM, UTC)
    assert rendered.lines("\t") == [
        "\t- Eulen hören",
        "\t  ",
        f"\t  जो हम नहीं सुनते ([View Tweet]({URL}))",
        "\t\t- **Tags**: #[[vogel]] #[[न]]",
        "\t\t- **Note**: auch",
        "\t\t  nachts",
    ]


def test_readwises_template_for_obsidian_makes_its_item() -> None:
    """As a list item with its own sub-items."""
    rendered = stock("obsidian").highlight(DOCUMENT, ITEM, UTC)
    assert rendered.tags == ["Tags: [[vogel]] [[न]]"]
    assert rendered.note == ["Note: auch", "nachts"]
    assert rendered.text == ["Eulen hören", "", f"जो हम नहीं सुनते ([View Tweet]({URL}))"]


@pytest.mark.parametrize("base", [LOGSEQ, OBSIDIAN])
def test_what_follows_a_code_fence_has_a_line_of_its_own(base: Format) -> None:
    """Else it would be code; where nothing follows there is no such line."""
    item = Highlight(1, text="so:\n```\n- x\n```", tags=(Tag("a"),), url=URL)
    assert block("{{ highlight_text }} ({{ highlight_location_url }})", item, base).text[-2:] == [
        "```",
        f"({URL})",
    ]
    made = block("{{ highlight_text }}\n    - T: {{ highlight_tags|join }}", item, base)
    assert (made.text[-1], made.tags) == ("```", ["T: a"])


def test_a_backslash_continues_a_block_and_indent_makes_a_child() -> None:
    """As Readwise reads templates for outliners.

    A bullet of the template's own is none too many.
    """
    made = block(
        "**{{ highlight_text|upper }}**\\\nsecond\n    - Tags: {{ highlight_tags|join(' ') }}\\\n"
        "    more"
    )
    assert made.text == ["**EULEN HÖREN", "", "जो हम नहीं सुनते**", "second"]
    assert made.tags == ["Tags: vogel न", "more"]


def test_other_lines_belong_to_the_text() -> None:
    """Blocks that are neither tags nor note join it, since a merge knows no others."""
    made = block(
        "{{ highlight_text }}\n    Category: [[{{ category }}]]\n    Note: {{ highlight_note }}\n"
        "at {{ date }}"
    )
    assert made.text == [
        "Eulen hören",
        "",
        "जो हम नहीं सुनते",
        "Category: [[tweets]]",
        "at 2024-05-05",
    ]
    assert made.note == ["Note: auch", "nachts"]


def test_a_backslash_at_a_texts_end_is_the_texts() -> None:
    """It continues no block."""
    item = Highlight(1, text="Pfad C:\\", note="n")
    assert block("{{ highlight_text }}\n    Note: {{ highlight_note }}", item).note == ["Note: n"]


@pytest.mark.parametrize(
    "template",
    [
        (
            "{{ highlight_note }}\n\n> {{ highlight_text }}\n"
            "- Tags: {{ highlight_tags|join(' ') }}\n"
            "\n---\n"
        ),
        (
            "---\n\n> {{ highlight_text }}{% if 1 %}\n"
            "    - Tags: {{ highlight_tags|join(' ') }}{% endif %}\n---\n"
        ),
    ],
)
def test_quotes_and_rules_for_obsidian_become_one_item(template: str) -> None:
    """Rules between highlights are left out."""
    made = block(template, base=OBSIDIAN)
    assert any(line.startswith("> Eulen") for line in made.text)
    assert made.tags == ["Tags: vogel न"]
    assert "---" not in "\n".join(made.lines())


def test_labels_are_found_in_the_template() -> None:
    """They tell a highlight's children from other blocks; those of the format itself stay known."""
    tags = "{% for t in highlight_tags %}#[[{{ t }}]]{% endfor %}"
    made = form(
        highlight=(
            f"{{{{ highlight_text }}}}\n    Schlagworte: {tags}\n    💬 {{{{ highlight_note }}}}"
        )
    )
    assert made.labels == Labels(("Schlagworte:", "**Tags**:"), ("💬", "**Note**:"))
    made = form(highlight=f"{{{{ highlight_text }}}}\n    {tags}")
    assert made.labels == Labels()
    assert made.highlight(DOCUMENT, ITEM, UTC).tags == ["#[[vogel]]#[[न]]"]


def test_a_block_too_many_is_refused_with_its_line() -> None:
    """A heading in Logseq is a block of its own wherever it stands."""
    with pytest.raises(
        ConfigError, match=r"^highlight\.j2:2: .*a block of its own; beside its text"
    ):
        form(highlight="{{ highlight_text }}\n# {{ title }}\n")
    with pytest.raises(ConfigError, match=r"^highlight\.j2:1: shows neither"):
        form(highlight="- {{ title }}\n")


# --- a page ---------------------------------------------------------------------------------------


def test_readwises_templates_for_logseq_make_its_page() -> None:
    """Properties with the title first, and a parent block for the highlights."""
    made = stock("logseq").opening(DOCUMENT, "Seite")
    assert [line for lines in made.header.values() for line in lines] == [
        "title:: Seite",
        "author:: [[@example_owl on Twitter]], [[أحمد]]",
        'full-title:: "Über/Eulen \\#1"',
        "category:: #tweets",
        f"url:: {URL}",
        "tags:: #[[वन]]",
    ]
    assert made.lines[0].startswith("- Highlights first synced by [[Readwise]] [[")
    assert made.indent == "\t"
    assert stock("logseq").name(DOCUMENT) == "Über-Eulen #1 (highlights)"


def test_readwises_templates_for_obsidian_make_its_note() -> None:
    """A heading, the cover, a list of metadata, a heading for the highlights; no front matter."""
    made = stock("obsidian").opening(DOCUMENT, "Seite")
    assert (made.header, made.indent) == ({}, "")
    assert list(made.lines) == [
        "# Über-Eulen #1",
        "",
        "![rw-book-cover](https://example.org/eule.jpg)",
        "",
        "## Metadata",
        "- Author: [[@example_owl on Twitter]], [[أحمد]]",
        "- Full Title: Über/Eulen #1",
        "- Category: #tweets",
        "- Document Tags: [[वन]]",
        f"- URL: {URL}",
        "",
        "## Highlights",
    ]


def test_properties_in_logseq_end_where_another_block_begins() -> None:
    """A value of several lines becomes one line.

    A title is the page's own, whatever a template says.
    """
    made = form(
        page_metadata=(
            "title:: x\nsummary:: {{ summary }}\nurl:: {{ image_url[99:] }}\n"
            "![]({{ image_url }})\na:: b"
        )
    )
    opening = made.opening(DOCUMENT, "T")
    assert opening.header == {"title": ["title:: T"], "summary": ["summary:: eins zwei"]}
    assert list(opening.lines) == ["- ![](https://example.org/eule.jpg)", "- a:: b"]
    assert opening.indent == ""


def test_front_matter_is_read_and_made_readable() -> None:
    """What foreign text would break stands in quotes; what the template wrote stays as it is."""
    text = (
        '---\nauthor: "[[{{ author }}]]"\ntitle: {{ full_title }}\ntags: [a, b]\nlist:\n'
        "  - {{ full_title }}\n---\nBody"
    )
    document = Document(9, title='a: "b" [c', author='A "B')
    opening = form(OBSIDIAN, page_metadata=text).opening(document, "T")
    assert opening.header == {
        "author": ['author: "[[A \\"B]]"'],
        "title": ['title: "a: \\"b\\" [c"'],
        "tags": ["tags: [a, b]"],
        "list": ["list:", '  - "a: \\"b\\" [c"'],
    }
    assert list(opening.lines) == ["Body"]


def test_a_property_that_says_when_the_run_was_is_written_once() -> None:
    """Else every run would change every page."""
    made = form(page_metadata="synced:: {{ date }} {{ time }}\nurl:: {{ url }}")
    assert made.opening(DOCUMENT, "T").header["synced"] == ["synced:: 2024-07-01 12:05 PM"]
    assert set(made.header(DOCUMENT, "T")) == {"title", "url"}
    assert made.keys == frozenset({"title", "url"})


def test_templates_that_are_missing_are_the_formats_own() -> None:
    """Each of the five may be left out."""
    made = form(highlights_header="Neu:")
    assert made.highlight(DOCUMENT, ITEM, UTC) == LOGSEQ.highlight(DOCUMENT, ITEM, UTC)
    assert made.opening(DOCUMENT, "T").header == LOGSEQ.header(DOCUMENT, "T")
    assert (made.name(DOCUMENT), made.keys, made.notice(WHEN, [])) == (None, None, [])


def test_a_notification_tells_what_came() -> None:
    """At the moment that it came, each page in a block below; `pluralize` is Django's."""
    count = "{{ num_highlights }} highlight{{ num_highlights|pluralize }}"
    books = "{{ num_books }} stor{{ num_books|pluralize('y,ies') }}"
    book = "{{ book.num_highlights_added }} of {{ book.title }} by {{ book.author }}"
    titles = f"{{% for book in books %}}\n    - {book}{{% endfor %}}"
    made = form(
        sync_notification=(
            "{{ date|date('Y-m-d') }} {{ time }}: " + f"{count} from {books}{titles}"
        )
    )
    later = WHEN + timedelta(hours=1)
    assert made.notice(later, [Came("甲", "Ada", 1), Came("乙", "[x]", 2)]) == [
        (0, ["2024-07-01 1:05 PM: 3 highlights from 2 stories"]),
        (1, ["1 of 甲 by Ada"]),
        (1, ["2 of 乙 by (x)"]),
    ]


# --- text from outside ----------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["{{embed ((x))}}", "x <b> DEADLINE: <2023-01-01>", "a\nk:: v"])
def test_a_category_is_one_tag(word: str) -> None:
    """Readwise's own word stands behind a `#`, with a template and without.

    What is none of it is still one tag.
    """
    document = Document(1, title="T", category=word)
    assert re.fullmatch(r"category:: #\[\[.*\]\]", LOGSEQ.header(document, "T")["category"][0])
    made = block("#{{ category }}{{ highlight_location_url }}", Highlight(1), document=document)
    assert re.fullmatch(r"#[\w-]+", made.text[0])


@pytest.mark.needs("logseq-parser")
def test_hostile_texts_break_no_page_by_a_template() -> None:
    """Logseq's own parser finds each highlight, note and property, and nothing live."""
    made = stock("logseq")
    texts = hostile.texts(5, 300)
    groups = [texts[at : at + 6] for at in range(0, len(texts), 6)]
    pages, wanted = [], []
    for group in groups:
        document = Document(1, title=group[0], author=group[1], source_url=URL)
        opening = made.opening(document, "T")
        blocks = [
            made.highlight(document, Highlight(1, text=text, note=text, url=URL), UTC)
            for text in group
        ]
        top = [line for lines in opening.header.values() for line in lines]
        pages.append(
            "\n".join([*top, *opening.lines, *(line for one in blocks for line in one.lines("\t"))])
        )
        wanted.append(
            (sorted(opening.header), 1 + sum(1 + (one.note is not None) for one in blocks))
        )
    for page, read, (keys, count) in zip(pages, logseq_parser.pages(pages), wanted, strict=True):
        assert sorted(read["properties"]) == keys, page
        assert read["blockCount"] == count, page
        (parent,) = read["blocks"]
        assert not {"marker", "priority", "heading", "properties"} & {
            key for one in parent["children"] for key in one
        }


@given(
    text=st.text(max_size=60), note=st.text(max_size=30), base=st.sampled_from([LOGSEQ, OBSIDIAN])
)
def test_any_text_comes_out_as_one_block(text: str, note: str, base: Format) -> None:
    """With its note as a child; rendering it again is the same."""
    item = Highlight(1, text=text, note=note)
    first, again = (_PLAIN[base.block_ids].highlight(DOCUMENT, item, UTC) for _ in range(2))
    assert first == again
    assert first.tags is None


_NOTED = (
    "- {{ highlight_text }}{% if highlight_note %}\n    - Note: {{ highlight_note }}{% endif %}"
)
_PLAIN = {base.block_ids: form(base, highlight=_NOTED) for base in (LOGSEQ, OBSIDIAN)}


# --- what a template cannot do --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("a\n{% if title %}", 2, "Unexpected end of template"),
        ("a\n{{ titel }}", 2, "there is no variable titel; did you mean title?"),
        ("{% if false %}\n{{ title|upcase }}\n{% endif %}", 2, "there is no filter upcase"),
        ("a\n{{ date|dat('Y') }}", 2, "there is no filter dat; did you mean date?"),
        ("a\n\n{{ title.__class__ }}", 3, "__class__ is out of reach"),
        ("a\n\n{{ title|attr('__class__') }}", 3, "unsafe"),
        ("a\n{{ [1].append('x') }}", 2, "unsafe"),
        ("{% include '/etc/passwd' %}", 1, "cannot use another file"),
        ("a\n{{ 1 / 0 }}", 2, "division by zero"),
        ("a\n{{ title.nothing }}", 2, "has no attribute"),
        ("a\n{{ title|random }}", 2, "there is no filter random"),
    ],
)
@pytest.mark.parametrize("name", NAMES)
def test_a_fault_is_told_with_file_and_line_before_anything_is_written(
    name: str, text: str, line: int, reason: str
) -> None:
    """Also in a branch that is not taken."""
    with pytest.raises(ConfigError) as caught:
        form(**{name: text})
    assert caught.value.message.startswith(f"{name}.j2:{line}: ")
    assert reason in caught.value.message


@pytest.mark.parametrize("text", [
    "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
    "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
    "{{ range(10**9)|list }}",
    "{{ 'a' * 10**9 }}",
    "{{ [1] * 10**9 }}",
    "{{ 'a'|center(10**9) }}",
    "{{ 'a'.ljust(10**9) }}",
    "{{ '{:1000000000}'.format(1) }}",
    "{{ '{:{}}'.format(1, '1000000000') }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '%*d'|format(1000000000, 1) }}",
    "{{ (1).to_bytes(10**9, 'big') }}",
    "{{ 9**9999999 }}",
    (
        "{% set n = namespace(a='aaaaaaaa') %}{% for i in range(99) %}"
        "{% set n.a = n.a ~ n.a %}{% endfor %}"
    ),
    (
        "{% set n = namespace(a='aaaaaaaa') %}{% for i in range(99) %}"
        "{% set n.a = n.a + n.a %}{% endfor %}"
    ),
    (
        "{% set n = namespace(a='aaaaaaaa') %}{% for i in range(99) %}"
        "{% set n.a = n.a|replace('a','aa') %}{% endfor %}"
    ),
    "{% set n = namespace(a=7) %}{% for i in range(999) %}{% set n.a = n.a * n.a %}{% endfor %}",
    "{% set b %}{% for i in range(9999) %}" + "y" * 999 + "{% endfor %}{% endset %}",
    "{{ '" + "z" * 1_048_577 + "'|upper }}",
    "{{ 1|round(300000000, 'ceil') }}",
    "{{ 1|round(-300000000) }}",
    "{% set syncd_budget = [10**15] %}{% for i in range(9999) %}{{ 'y' * 999 }}{% endfor %}",
    "{{ syncd_turned(-10**15) }}",
    "{% macro syncd_turned(a) %}{% endmacro %}",
    "{% set syncd_joined = 1 %}",
    "{% for syncd_turned in range(9) %}{% endfor %}",
    "{{ {'a': 1}|tojson(indent=999999999) }}",
    "{{ ('a ' * 9999)|wordwrap(1, wrapstring='b' * 9999) }}",
    "{{ (['z' * 99999] * 999)|join }}",
    (
        "{% set b = 'z' * 99999 %}{% for i in range(9999) %}"
        "{% set c = b|upper|replace('Z', 'y')|title %}{% endfor %}"
    ),
    "{% set b = 'z' * 99999 %}{% for i in range(9999) %}{% set c = b.upper() %}{% endfor %}",
])  # fmt: skip
def test_a_template_can_neither_hang_nor_fill_the_memory(text: str) -> None:
    """It is stopped, and told why."""
    with pytest.raises(TemplateFaultError):
        Script(text, ()).render({})


def test_one_rendering_spends_nothing_of_another() -> None:
    """Also in another thread, at the same time."""
    script = Script("{% for i in range(9000) %}{{ text }}{% endfor %}", ["text"])
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: script.render({"text": "abc"}), range(8)))
    assert found == ["abc" * 9000] * 8


def test_a_template_that_fails_on_one_highlight_fails_its_document_alone() -> None:
    """With the file, the line and a code of its own."""
    made = form(
        highlight="{{ highlight_text }}\n{% if highlight_text == 'x' %}{{ 1 / 0 }}{% endif %}"
    )
    with pytest.raises(DocumentError, match=r"^highlight\.j2:2: division by zero") as caught:
        made.highlight(DOCUMENT, Highlight(1, text="x"), UTC)
    assert caught.value.code == "template"


def test_no_template_means_no_jinja() -> None:
    """The service stays light where nobody asked for templates."""
    script = (
        "import sys, syncd.service.daemon, syncd.commands.cli, syncd.commands.check;"
        "from syncd.sync.vault_format import vault_format;"
        "from syncd.config.settings import Vault; from syncd.vault.graph import Graph;"
        "vault_format(Vault('/x'), Graph('logseq')); print('jinja2' in sys.modules)"
    )
    assert (
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stdout
        == "False\n"
    )


# --- folders --------------------------------------------------------------------------------------


def _vault(folder: Path) -> Format:
    return vault_format(
        Vault(Path("/nowhere"), name="n", timezone="UTC", template=folder), Graph("logseq")
    )


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (
            lambda folder: folder.rmdir(),
            'No such file or directory; name a folder with templates, or "readwise-',
        ),
        (lambda _folder: None, "holds no template; put page_title.j2"),
        (
            lambda folder: (folder / "higlight.j2").touch(),
            "there is no such template; did you mean highlight.j2?",
        ),
        (
            lambda folder: (folder / "highlight.j2").write_bytes(b"a\n\xff"),
            "highlight.j2:2: is not UTF-8",
        ),
        (
            lambda folder: (folder / "highlight.j2").write_bytes(b"a" * 70_000),
            "is larger than 65536 bytes",
        ),
        (lambda folder: (folder / "highlight.j2").mkdir(), "highlight.j2: cannot be read"),
    ],
)  # fmt: skip
def test_a_folder_that_holds_no_templates_is_told(
    tmp_path: Path, prepare: Callable[[Path], object], said: str
) -> None:
    """What is wrong, and what would be right."""
    folder = tmp_path / "vorlagen"
    folder.mkdir()
    prepare(folder)
    with pytest.raises(ConfigError) as caught:
        _vault(folder)
    assert said in caught.value.message


def test_a_folders_templates_are_used(tmp_path: Path) -> None:
    """Other files in it do not matter; line ends may be those of Windows.

    One change makes another mark.
    """
    (tmp_path / "README.md").write_text("mine")
    (tmp_path / "highlight.j2").write_bytes(
        "\ufeff{{ highlight_text }}\r\n    N: {{ highlight_note }}".encode()
    )
    first = _vault(tmp_path)
    assert first.highlight(DOCUMENT, ITEM, UTC).note == ["N: auch", "nachts"]
    (tmp_path / "highlight.j2").write_text("{{ highlight_text }}")
    assert len({first.mark, _vault(tmp_path).mark, LOGSEQ.mark}) == 3


# --- dates ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("letters", "said"),
    [
        ("Y-m-d", "2024-02-05"),
        ("F j, Y", "February 5, 2024"),
        ("D l N w", "Mon Monday 1 1"),
        ("jS M y", "5th Feb 24"),
        ("z W o n t L", "35 06 2024 2 29 1"),
        ("a A g G h H i s", "pm PM 3 15 03 15 04 09"),
        (r"\Y\e\a\r: Y", "Year: 2024"),
        ("", ""),
    ],
)
def test_dates_are_written_by_djangos_letters(letters: str, said: str) -> None:
    """Of a moment, and of ISO 8601."""
    at = datetime(2024, 2, 5, 15, 4, 9, tzinfo=UTC)
    assert format_date(at, letters) == said == format_date(at.isoformat(), letters)


def test_what_is_no_date_stays() -> None:
    """An empty value too."""
    assert (format_date(""), format_date("bald", "Y"), moment("x", UTC), moment(None, UTC)) == (
        "",
        "bald",
        "",
        "",
    )


def test_dates_are_those_of_the_vaults_zone() -> None:
    """A moment late in the evening is another day further east."""
    east = timezone(timedelta(hours=5, minutes=45))
    assert str(moment("2024-05-05T23:30:00Z", east)) == "2024-05-06"
    shown = stock("logseq", "Asia/Kathmandu")
    (line,) = shown.notice(datetime(2024, 5, 5, 23, 30, tzinfo=UTC), [])
    assert line.lines[0].startswith("On [[May 6th, 2024]] at 5:15 AM")
