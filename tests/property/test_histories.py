"""Histories that once went wrong, step by step, through the same checks as all others."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.property.test_converge import Convergence


@pytest.fixture
def world() -> Iterator[Convergence]:
    """An account with two tweets, synced once; brought to rest at the end."""
    history = Convergence()
    history.start(remove=False, count=2)
    yield history
    history.teardown()


def test_a_tweet_deleted_in_the_account_and_saved_again_is_there_once(world: Convergence) -> None:
    """The block that was kept is the new highlight's."""
    world.delete(which=0)
    world.add_the_same_tweet(doc=0, host=0, body=0, which=0, new=False)
    world.run(which=0, full=False)
    world.add_the_same_tweet(doc=0, host=1, body=1, which=1, new=True)
    world.delete(which=1)


def test_what_a_killed_run_wrote_is_not_taken_for_its_owners(world: Convergence) -> None:
    """Although the account has changed again before the next run."""
    for after in range(4, 14):
        world.edit_text(which=after, body=after)
        world.edit_note(which=after, some=True)
        world.add_tweet(doc=after, host=0, body=0, location=after, new=False)
        world.run_cut_off(which=0, full=False, after=after)
        world.edit_text(which=after, body=after + 1)
        world.edit_note(which=after, some=True)
        world.come_to_rest()


def test_the_place_of_a_page_that_its_owner_deleted_is_not_given_away(world: Convergence) -> None:
    """Else another document's page would pass for the first one's."""
    world.add_tweet(doc=1, host=0, body=0, location=0, new=True)
    world.run(which=0, full=False)
    world.add_to_an_article(doc=0, body=0, location=0, shared=False)
    world.delete_page(page=0)
    for after in range(4, 10):
        world.run_cut_off(which=0, full=False, after=after)


def test_a_new_highlight_does_not_pass_for_its_neighbours_copy(world: Convergence) -> None:
    """Both have their document's address, and the owner has the neighbour twice."""
    world.add_to_an_article(doc=0, body=0, location=0, shared=True)
    world.come_to_rest()
    for page in range(2):
        world.duplicate_block(page=page, block=0)
    world.add_to_an_article(doc=1, body=0, location=0, shared=True)


def test_nor_where_the_state_is_lost(world: Convergence) -> None:
    """A block that says what another one says is that one's copy."""
    world.add_to_an_article(doc=1, body=0, location=0, shared=True)
    world.come_to_rest()
    world.duplicate_block(page=1, block=0)
    world.lose_state(which=0, how="lose")
    world.add_to_an_article(doc=1, body=0, location=0, shared=True)


def test_a_conflict_ends_when_both_agree_again(world: Convergence) -> None:
    """The account and the owner changed a text; then the block is the account's again."""
    world.edit_block(page=0, block=0, more=True)
    world.edit_text(which=0, body=0)
    world.run(which=0, full=False)
    (path,) = world.owner.pages()
    lines = world.owner.read(path)
    at = next(number for number, line in enumerate(lines) if "own" in line)
    lines[at] = "- " + lines[at].split(" ", 2)[2].replace("ve2x", world.version[1])
    world.owner.save(path, lines)
    world.edited.clear()


def test_the_place_of_a_page_that_its_owner_renamed_is_not_given_away(world: Convergence) -> None:
    """Not before the move is recorded: a killed run would leave two documents with one page."""
    for after in range(4, 14):
        world.rename_page(page=0, title=True)
        world.retitle(doc=0, title=0)
        world.edit_text(which=0, body=after)
        world.add_to_an_article(doc=0, body=0, location=0, shared=False)
        world.run_cut_off(which=0, full=False, after=after)
        world.run_cut_off(which=0, full=True, after=after)
        if len(world.owner.pages()) > 1:
            world.delete_page(page=0)


def test_a_block_on_another_documents_page_is_known_again_without_a_state(
    world: Convergence,
) -> None:
    """By its address together with what it says."""
    world.add_to_an_article(doc=0, body=0, location=0, shared=False)
    world.rename_page(page=0, title=False)
    world.come_to_rest()
    world.lose_state(which=0, how="lose")
    world.move_block(page=1, block=0, to=0, journal=False)


def test_a_document_whose_page_was_deleted_does_not_take_its_namesakes(world: Convergence) -> None:
    """Of the same author and title, and renamed meanwhile."""
    world.add_tweet(doc=1, host=0, body=0, location=0, new=True)
    world.run(which=0, full=False)
    world.delete_page(page=0)
    world.add_tweet(doc=0, host=0, body=0, location=0, new=True)
    world.come_to_rest()
    world.edit_text(which=3, body=0)
    world.rename_page(page=0, title=False)


def test_nor_a_page_that_holds_one_of_its_tweets_among_others(world: Convergence) -> None:
    """A tweet was filed under another document.

    That one's page is gone, and the tweet's own page renamed.
    """
    for new in (True, False):
        world.add_tweet(doc=0 if not new else 1, host=0, body=0, location=0, new=new)
    world.run(which=0, full=False)
    world.delete_page(page=0)
    world.edit_note(which=2, some=True)
    world.move_to_another_document(doc=1, which=3)
    world.rename_page(page=0, title=False)


def test_what_a_killed_run_wrote_is_known_where_its_owner_moved_and_edited_it() -> None:
    """Nothing was recorded of it: its link and its words tell, on another document's page too."""
    for after in range(8, 24):
        world = Convergence()
        world.start(remove=False, count=5)
        world.move_block(page=0, block=0, to=0, journal=False)
        world.add_to_an_article(doc=2, body=0, location=0, shared=False)
        world.run_cut_off(which=0, full=False, after=after)
        world.add_to_an_article(doc=0, body=0, location=0, shared=False)
        world.move_block(page=3, block=0, to=1, journal=False)
        world.both_change_a_highlight(which=30, how="note", more=False)
        world.teardown()
