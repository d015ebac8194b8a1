"""``govlake model``: train a linkage model on the lake's records, see what it would change, and put it in place."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from jobs.commands.output import AsJson, say, show_json, show_table
from jobs.settings import Settings, current_settings
from schemas.errors import UsageError

app = typer.Typer(help="Linkage models: train, compare, accept.", no_args_is_help=True, rich_markup_mode=None)

Master = Annotated[str, typer.Argument(help="The register, e.g. population.")]
Candidate = Annotated[Path | None, typer.Option(help="The candidate's folder (default: candidate, in the live model's own).")]


@app.command("train")
def train(
    master: Master,
    out: Annotated[
        Path | None, typer.Option(help="Where the candidate goes (default: candidate, in the live model's folder).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Estimate a model's probabilities on the lake's records, without knowing who is who, and write a candidate.

    Example: govlake model train population --out /tmp/candidate
    """
    from jobs.io.spark import spark_session
    from jobs.steps.change_model import sources_with_rows, train_model
    from schemas.catalog import load_catalog

    settings = current_settings()
    folder, target = _folder(settings, master), _candidate(settings, master, out)
    sources_with_rows(settings.root, load_catalog(), master)  # before the JVM starts
    with spark_session(settings) as spark:
        answer = train_model(spark, settings.root, load_catalog(), master, folder, target)
    if as_json:
        show_json(answer)
        return
    columns = ["comparison", "level", "m", "u", "weight", "weight_before"]
    show_table([level | {name: f"{level[name]:.3g}" for name in ("m", "u")} for level in answer["levels"]], columns)
    typer.echo(f"{answer['records']:,} records, prior {answer['prior']:.3g}, {answer['rounds']} rounds.")
    typer.echo(f"Version {answer['version']} is in {answer['candidate']}. Next: govlake model compare {master} --candidate …")


@app.command("compare")
def compare(master: Master, candidate: Candidate = None, as_json: AsJson = False) -> None:
    """Say what would change under a candidate: weights of the same pairs, masters that merge, split, change, blocks left out.

    Example: govlake model compare population --candidate /tmp/candidate
    """
    from jobs.io.spark import spark_session
    from jobs.steps.change_model import compare_models, models_to_compare, sources_with_rows
    from schemas.catalog import load_catalog

    settings = current_settings()
    folder, other = _folder(settings, master), _existing(_candidate(settings, master, candidate), master)
    models_to_compare(master, folder, other)  # this and the next before the JVM starts
    sources_with_rows(settings.root, load_catalog(), master)
    with spark_session(settings) as spark:
        answer = compare_models(spark, settings.root, load_catalog(), master, folder, other)
    if as_json:
        show_json(answer)
    else:
        _show(answer)


@app.command("accept")
def accept(
    master: Master,
    by: Annotated[str, typer.Option(help="Who accepts it.")],
    why: Annotated[str, typer.Option(help="Why; stays in the audit.")],
    candidate: Candidate = None,
    unseen: Annotated[bool, typer.Option("--unseen", help="Though it was not compared with the live model.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put a compared candidate in place of the live model, which is kept as history. The next night links with it.

    Example: govlake model accept population --candidate /tmp/candidate --by "Li Na" --why "new silos since spring"
    """
    from jobs.steps.accept_model import accept_model

    settings = current_settings()
    folder, found = _folder(settings, master), _existing(_candidate(settings, master, candidate), master)
    answer = accept_model(settings.root, master, folder, found, by, why, unseen=unseen)
    if as_json:
        show_json(answer)
    else:
        say(f"Version {answer['version']} of {master} is live; {answer['replaced']} is kept. Commit the model's folder.")


def _show(answer: dict[str, Any]) -> None:
    drift, churn = answer["drift"], answer["churn"]
    bits = f"{drift['mean_difference']:+.2f} bits on average ({drift['mean_absolute_difference']:.2f} either way)"
    index = f"stability index {drift['stability_index']:.3f} (above .1 look closely, above .25 find out why)"
    typer.echo(f"{answer['master']}: version {answer['live']} is live, version {answer['candidate']} the candidate.\n")
    typer.echo(f"{drift['pairs']:,} pairs share a block. Their weight changes by {bits}; {index}.")
    typer.echo(f"{drift['links_kept']:,} links stay, {drift['links_gained']:,} come, {drift['links_lost']:,} go.")
    show_table([{"bits": f"{w['from_bits']} to {w['to_bits']}"} | w for w in drift["weights"]], ["bits", "live", "candidate"])
    typer.echo(f"Of {churn['masters_now']:,} masters {churn['changed']:,} would change:")
    typer.echo(f"{churn['merged']:,} would merge into others, {churn['split']:,} would split off, ", nl=False)
    typer.echo(f"{churn['moved_records']:,} records would move; {churn['masters_then']:,} masters would be left.")
    capped = [{"model": model} | rule for model in ("live", "candidate") for rule in answer["capped"][model]]
    if capped:
        typer.echo("Blocks of more records than their rule's cap, in which no pairs are looked for:")
        show_table(capped, ["model", "rule", "blocks", "records"])
    else:
        typer.echo("No block holds more records than its rule's cap.")


def _folder(settings: Settings, master: str) -> Path:
    """The live model's folder. Raises UsageError for a register that no contract knows."""
    from schemas.catalog import load_catalog

    load_catalog().require_master(master)
    return settings.linkage.models / master


def _candidate(settings: Settings, master: str, named: Path | None) -> Path:
    from jobs.linkage.candidate import CANDIDATE

    return named or _folder(settings, master) / CANDIDATE


def _existing(candidate: Path, master: str) -> Path:
    if not candidate.is_dir():
        raise UsageError(f"no candidate at {candidate}: make one with `govlake model train {master}`, or name its folder.")
    return candidate
