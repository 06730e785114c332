"""A first suite for a user's own rows: look, guess, split, write, and open what was written."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from evalkit.errors import Place, SuiteError
from evalkit.records.task import TASKS
from evalkit.stats.power import smallest_visible_gap
from evalkit.suite.file.load import load_suite
from evalkit.suite.file.located import located
from evalkit.suite.open import OpenSuite, open_suite
from evalkit.suite.prompts.contenders import contenders
from evalkit.workflows.init.columns import Look, look_at
from evalkit.workflows.init.copy import copy_rows
from evalkit.workflows.init.draft import Job, example_count, job_of, label_doubts, new_names
from evalkit.workflows.init.files import Files, readable, sibling_train, suite_path
from evalkit.workflows.init.roles import Wanted, code, guess_roles, option
from evalkit.workflows.init.split import NONE, SEED, TEST, TRAIN, given_sides, split_rows
from evalkit.workflows.init.survey import FileRows, Survey, read_rows
from evalkit.workflows.init.text import ACCURACY, Draft, Shown, suite_text

FEWEST_TO_SPLIT = 60


@dataclass(frozen=True, slots=True)
class InitOptions:
    """What the user says. `split` False makes all rows of `data` test rows."""

    data: Path
    train: Path | None = None
    target: str | None = None
    texts: tuple[str, ...] = ()
    out: Path | None = None
    split: bool = True
    force: bool = False


@dataclass(frozen=True, slots=True)
class InitResult:
    """The suite that was written; what was `found` as (part, sentence); `doubts` as sentences."""

    suite: Path
    found: tuple[tuple[str, str], ...]
    doubts: tuple[str, ...]
    written: tuple[Path, ...]


@dataclass(slots=True)
class _Sides:
    """The sides of the rows of each file, in words too. `whole`: no file has rows on both sides."""

    files: list[tuple[FileRows, bytearray]]
    words: str
    whole: bool = True
    doubts: list[str] = field(default_factory=list)

    def count(self, side: int) -> int:
        """Rows on a side."""
        return sum(sides.count(side) for _, sides in self.files)

    def leaks(self) -> int:
        """Train rows that show what a test row shows."""
        tested = {number for rows, s in self.files for number, k in zip(rows.inputs, s, strict=True) if k == TEST}
        return sum(
            k == TRAIN and number in tested for rows, s in self.files for number, k in zip(rows.inputs, s, strict=True)
        )


def init_suite(options: InitOptions) -> InitResult:
    """Write a suite for `options.data` that runs as it is.

    The first 20,000 rows decide which column is what; then every row is read once. Raises SuiteError, and
    has then written nothing, unless it is the disk that fails half-way.
    """
    data = readable(options.data)
    train = readable(options.train) if options.train is not None else None
    files = Files(suite_path(data, options.out), options.force)
    look = look_at(row for _, row in read_rows(data))
    if not look.rows:
        raise SuiteError("no rows", Place(data), expected="at least one row")
    roles = guess_roles(look, Wanted(options.target, options.texts), data)
    survey = Survey(roles)
    read = [survey.read(path) for path in (data, train) if path is not None]
    for rows in read:
        if not len(rows):
            raise SuiteError(f"no row can be used: {_reasons(rows)}", Place(rows.path))
    sides = _sides(read, survey, options)
    return _Writer(look, survey, sides, files).write()


def _sides(read: list[FileRows], survey: Survey, options: InitOptions) -> _Sides:
    """Which rows are test and which are train."""
    rows = read[0]
    everything = bytearray([TEST]) * len(rows)
    if len(read) > 1:
        return _Sides([(rows, everything), (read[1], bytearray([TRAIN]) * len(read[1]))], "as given")
    if not options.split:
        return _Sides([(rows, everything)], "all of them, as --no-split says")
    if survey.roles.split is not None:
        given = given_sides(rows)
        if TEST in given and TRAIN in given:
            found = _Sides([(rows, given)], f"as the column {code(survey.roles.split)} says", whole=False)
            if unnamed := given.count(NONE):
                found.doubts.append(f"{_rows(unnamed)} named neither train nor test are left out")
            return found
    if len(rows) < FEWEST_TO_SPLIT:
        words = f"all of them: under {FEWEST_TO_SPLIT} rows none can be spared for examples"
        return _Sides([(rows, everything)], words)
    split = split_rows(rows, survey.group is not None, bool(survey.facts.classes))
    if TRAIN not in split:
        return _Sides([(rows, split)], f"all of them: {code(survey.group or '')} cannot be divided")
    kept = [*(["by label"] if survey.facts.classes else []), *(["whole groups"] if survey.group else [])]
    how = ", ".join([f"seed {SEED}", *kept, "duplicates on one side"])
    return _Sides([(rows, split)], f"drawn at random ({how})", whole=False)


@dataclass(slots=True)
class _Writer:
    """Everything is known; what is left is to write it and to open what was written."""

    look: Look
    survey: Survey
    sides: _Sides
    files: Files

    def write(self) -> InitResult:
        """Write data, schemas and suite, in this order, and open the suite."""
        roles, files = self.survey.roles, self.files
        sources = [rows.path for rows, _ in self.sides.files]
        renamed = new_names([c.name for c in roles.texts], roles.target.name, self.look.columns)
        unusable = any(rows.unusable for rows, _ in self.sides.files)
        copied = bool(renamed) or unusable or not self.sides.whole or not all(map(_writable, sources))
        n_train, leaks = self.sides.count(TRAIN), self.sides.leaks()
        if n_train and leaks == n_train:
            raise SuiteError("every train row is also in test", Place(sources[-1]), expected="other rows")
        splits = {TEST: files.data("test"), **({TRAIN: files.data("train")} if n_train else {})}
        job = job_of(self.survey, files.name, renamed.get(roles.target.name, roles.target.name))
        planned = [files.suite, *(splits.values() if copied else ())]
        files.refuse_overwriting([*planned, *([files.answer_schema] if job.schema else [])], sources)
        if copied:
            with files.writing(list(splits.values())) as opened:
                for rows, sides in self.sides.files:
                    copy_rows(rows, sides, dict(zip(splits, opened, strict=True)), renamed)
        else:
            splits = dict(zip((TEST, TRAIN), sources, strict=False))
        if job.schema is not None:
            text = json.dumps(job.schema, indent=2, ensure_ascii=False) + "\n"
            files.write_text(files.answer_schema, text)
        files.write_editor_schema()
        files.write_text(files.suite, suite_text(self._draft(job, splits, renamed, leaks)))
        loaded = load_suite(files.suite)
        with located(loaded.source, loaded.prompt_texts):
            suite = open_suite(loaded)
            contenders(suite)
        doubts = (*self._doubts(job, renamed, suite), *self.sides.doubts)
        return InitResult(files.suite, tuple(self._found(job, suite)), doubts, tuple(files.written))

    def _draft(self, job: Job, splits: dict[int, Path], renamed: dict[str, str], leaks: int) -> Draft:
        survey, files = self.survey, self.files
        source, n_train = self.sides.files[0][0].path, self.sides.count(TRAIN)
        as_json = source.suffix.lower() in (".json", ".jsonl", ".ndjson")
        shown = tuple(
            Shown(
                renamed.get(c.name, c.name),
                c.kind == "text",
                c.nested and as_json,
                bool(survey.facts.gaps[c.name]),
            )
            for c in survey.roles.texts
        )
        return Draft(
            name=files.name,
            original=source.name,
            task=job.task,
            test=files.relative(splits[TEST]),
            n_test=self.sides.count(TEST),
            train=files.relative(splits[TRAIN]) if n_train else None,
            n_train=n_train,
            target=job.target,
            id=survey.id and renamed.get(survey.id, survey.id),
            group=survey.group,
            leaks=leaks,
            shown=shown,
            classes=survey.facts.classes if TASKS[job.task].classes else {},
            examples=example_count(survey, job, n_train - leaks) if n_train else 0,
            pattern=job.pattern,
            digits=job.digits,
            schema=files.relative(files.answer_schema) if job.schema else None,
        )

    def _found(self, job: Job, suite: OpenSuite) -> list[tuple[str, str]]:
        survey, facts = self.survey, self.survey.facts
        roles, splits = survey.roles, suite.dataset.splits
        texts = [f"{code(c.name)} ({c.chars:,.0f} characters on average)" for c in roles.texts[:12]]
        found = [
            ("target", f"{code(roles.target.name)} ({facts.distinct:,} distinct values in {_rows(facts.n)})"),
            ("task", f"{job.task}: {job.about}"),
            ("text", ", ".join(texts)),
            (
                "id",
                f"{code(survey.id)} (different in every row)" if survey.id else "none; a hash of each row",
            ),
        ]
        if survey.group is not None:
            column = self.look.columns[survey.group]
            values = f"{column.distinct:,} values in {_rows(column.rows)}"
            found.append(("group", f"{code(survey.group)} ({values}): intervals allow for rows that are alike"))
        counts = ", ".join(f"{split.n:,} {name}" for name, split in splits.items())
        found.append(("rows", f"{counts}; {self.sides.words}"))
        if not TASKS[job.task].open_ended:
            found.append(("can see", _visible(splits["test"].n)))
        return found

    def _doubts(self, job: Job, renamed: dict[str, str], suite: OpenSuite) -> list[str]:
        survey, doubts = self.survey, [*self.survey.roles.doubts, *self.survey.doubts]
        if TASKS[job.task].classes:
            doubts += label_doubts(survey.facts.classes, ACCURACY)
        elif survey.kind == "scalar" and survey.facts.distinct == 1 and survey.facts.n > 1:
            doubts.append(f"every row has the same {code(survey.roles.target.name)}: there is nothing to tell apart")
        for rows, _ in self.sides.files:
            if rows.unusable:
                doubts.append(f"left out of {code(rows.path.name)}: {_reasons(rows)}")
        for old, new in renamed.items():
            doubts.append(f"{code(old)} is called {code(new)} in the copied rows, so that the suite can name it")
        doubts += suite.warnings
        source = self.sides.files[0][0].path
        train = sibling_train(source) if len(self.sides.files) == 1 else None
        if train is not None:
            doubts.append(f"{code(train.name)} lies beside it; to learn from that: {option('--train', str(train))}")
        if TASKS[job.task].open_ended:
            doubts.append(
                "nothing here judges the sense of long texts: good_enough asks for their form, not for accuracy"
            )
        return doubts


def _visible(n: int) -> str:
    """The smallest differences from the first threshold that so many rows can see."""
    gap = smallest_visible_gap(ACCURACY, n)
    below = f"{100 * gap.shortfall:.1f} points below it" if gap.shortfall is not None else "nothing below it"
    above = f"{100 * gap.surplus:.1f} points above" if gap.surplus is not None else "nothing above"
    few = "; few rows: only large gaps show" if n < FEWEST_TO_SPLIT else ""
    return f"against a need of {ACCURACY}, {_rows(n)} show {below} and {above} (80 % power){few}"


def _reasons(rows: FileRows) -> str:
    return "; ".join(f"{_rows(count)} {reason}" for reason, count in rows.unusable.most_common(3))


def _rows(count: int) -> str:
    return f"{count:,} row" if count == 1 else f"{count:,} rows"


def _writable(path: Path) -> bool:
    """Whether a suite, which is UTF-8, can name the file."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True
