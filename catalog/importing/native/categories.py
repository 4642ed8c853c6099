"""The tree of categories. Parents may stand after their children in the file."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.utils.translation import gettext_noop
from treebeard.numconv import NumConv

from catalog.importing import changes
from catalog.importing import columns as c
from catalog.importing.columns import Column
from catalog.importing.sections import Load, Section
from catalog.importing.sql import TIMESTAMPS, Value, translations, upsert
from catalog.importing.staging import Stage, copy, execute, stream
from catalog.models import Category

STEP = Category.steplen
DEEPEST = 255  # characters of a path
KEY = "coalesce({0}.external_id, chr(1) || {0}.id)"  # made here have no id of the shop's own
_steps = NumConv(Category.alphabet)


class Categories(Section):
    name = "categories"
    key = ("id",)

    def columns(self) -> tuple[Column, ...]:
        return (
            c.key("id", required=True, blank=False),
            c.key("parent"),
            c.text("name", 300, required=True, blank=False),
            c.text("name_en", 300),
            c.text("name_zh", 300),
            c.integer("position"),
        )

    def apply(self, load: Load) -> None:
        stage = load.stage(self.name)
        tree = Tree.read(stage)
        _refuse_cycles(stage, tree)
        _refuse_orphans(stage)
        tree = Tree.read(stage)
        tree.plant()
        if _refuse_deep(stage, tree):
            _refuse_orphans(stage)
            tree = Tree.read(stage)
            tree.plant()
        execute("CREATE TEMPORARY TABLE import_places (id text PRIMARY KEY, path text, numchild int) ON COMMIT DROP")
        copy("import_places", "id, path, numchild", tree.lines())
        count = load.report.section(self.name)
        present = stage.present
        written = upsert(
            "catalog_category",
            key=["external_id"],
            values={
                "external_id": Value("s.id"),
                "name": Value("s.name"),
                "name_translations": translations(
                    "catalog_category", "name_translations", {"en": "name_en", "zh-hans": "name_zh"}, present
                ),
                "position": Value("coalesce(s.position, 0)", needs=("position",)),
                "path": Value("p.path"),
                "depth": Value(f"length(p.path) / {STEP}"),
                "numchild": Value("p.numchild"),
                **TIMESTAMPS,
            },
            source=f"{stage.table} s JOIN import_places p USING (id)",
            present=present,
        )
        count.new, count.changed = written.new, written.changed
        count.same = stage.count() - written.new - written.changed
        _move_others()
        execute("DROP TABLE import_places")


@dataclass
class Node:
    """A category: where it stands now (`path`, empty when new) and where it shall stand."""

    id: str
    parent: str = ""
    path: str = ""
    children: list["Node"] = field(default_factory=list)
    new_path: str = ""


class Tree:
    """All categories of the shop with the staged ones put in. A tree of categories is small; it is read whole.

    Nodes that stay where they are keep their path; new and moved ones stand after their new siblings. No step is
    used twice, so writing the paths one after another never meets one that is taken.
    """

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}

    @classmethod
    def read(cls, stage: Stage) -> "Tree":
        tree = cls()
        ids: dict[str, str] = {}
        statement = f"SELECT path, {KEY.format('t')} FROM catalog_category t ORDER BY path"  # noqa: S608
        for path, key in stream(statement):
            ids[path] = key
            tree.nodes[key] = Node(key, parent=ids.get(path[:-STEP], ""), path=path)
        has_parents = "parent" in stage.present
        order = f"SELECT id, coalesce(parent, '') FROM {stage.table} ORDER BY coalesce(position, 0), line"  # noqa: S608
        for key, parent in stream(order):
            node = tree.nodes.setdefault(key, Node(key))
            if has_parents:
                node.parent = parent
        return tree

    def cycles(self) -> Iterator[list[str]]:
        """Every circle of parents once, as ids."""
        done: set[str] = set()
        for start in self.nodes:
            walk: list[str] = []
            at = start
            while at in self.nodes and at not in done:
                done.add(at)
                walk.append(at)
                at = self.nodes[at].parent
            if at in walk:
                yield walk[walk.index(at) :]

    def plant(self) -> None:
        """Give every node its path."""
        for node in self.nodes.values():
            if node.parent:
                self.nodes[node.parent].children.append(node)
        last: dict[str, int] = {}
        for node in self.nodes.values():
            if node.path:
                parent = node.path[:-STEP]
                last[parent] = max(last.get(parent, 0), _steps.str2int(node.path[-STEP:]))
        waiting = [node for node in self.nodes.values() if not node.parent]
        self._place(waiting, old="", new="", last=last)
        while waiting:
            node = waiting.pop()
            self._place(node.children, old=node.path or "new " + node.id, new=node.new_path, last=last)
            waiting.extend(node.children)

    def _place(self, children: list[Node], *, old: str, new: str, last: dict[str, int]) -> None:
        for node in children:
            if node.path and node.path[:-STEP] == old:
                node.new_path = new + node.path[-STEP:]
                continue
            last[old] = last.get(old, 0) + 1
            node.new_path = new + _steps.int2str(last[old]).rjust(STEP, Category.alphabet[0])

    def lines(self) -> Iterator[str]:
        for node in self.nodes.values():
            key = node.id.replace("\\", "\\\\")
            yield f"{key}\t{node.new_path}\t{len(node.children)}\n"


def _refuse_cycles(stage: Stage, tree: Tree) -> None:
    execute("CREATE TEMPORARY TABLE import_cycles (id text, circle text) ON COMMIT DROP")
    rows = (
        f"{key}\t{circle}\n".replace("\\", "\\\\")
        for cycle in tree.cycles()
        for circle in [" → ".join([*cycle[:10], cycle[0]])]
        for key in cycle
    )
    if copy("import_cycles", "id, circle", rows):
        stage.refuse(
            "s.id = y.id", using="import_cycles y", column="parent", value="y.circle",
            reason=gettext_noop("its parents form a circle: %(value)s"),
        )  # fmt: skip
    execute("DROP TABLE import_cycles")


def _refuse_deep(stage: Stage, tree: Tree) -> int:
    deep = [key for key, node in tree.nodes.items() if len(node.new_path) > DEEPEST]
    execute("CREATE TEMPORARY TABLE import_deep (id text) ON COMMIT DROP")
    copy("import_deep", "id", (key.replace("\\", "\\\\") + "\n" for key in deep))
    reason = gettext_noop("is deeper than 63 levels")
    count = stage.refuse("s.id = y.id", using="import_deep y", column="parent", reason=reason)
    execute("DROP TABLE import_deep")
    return count


def _refuse_orphans(stage: Stage) -> None:
    """A row whose parent is nowhere; then those below it."""
    while stage.refuse(
        f"s.parent IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {stage.table} t WHERE t.id = s.parent)"  # noqa: S608
        " AND NOT EXISTS (SELECT 1 FROM catalog_category o WHERE o.external_id = s.parent)",
        column="parent", value="s.parent", reason=gettext_noop("category %(value)s is unknown"),
    ):  # fmt: skip
        continue


def _move_others() -> None:
    """Categories that are not in the file follow their parents."""
    changes.written(
        "catalog_category",
        f"""
        UPDATE catalog_category t
        SET path = p.path, depth = length(p.path) / {STEP}, numchild = p.numchild, updated_at = now()
        FROM import_places p
        WHERE p.id = {KEY.format("t")}
          AND (t.path, t.numchild) IS DISTINCT FROM (p.path, p.numchild)
        """,  # noqa: S608
        id="t.id",
    )
