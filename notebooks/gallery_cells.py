"""The cells of the gallery: every kind of output that the magics have, in groups of a page each.

A group is run in a kernel of its own, in this order, all in one home folder: what an early group
submitted, a later one lists. `quiet` cells set the stage and are not in the picture; a group's setup is
what its cells in a terminal need first, since each is a program of its own there.
"""


class Cell:
    def __init__(self, source, interrupt_s=None, terminal=True, quiet=False):
        self.source = source
        self.interrupt_s = interrupt_s  # interrupted after so long, as a user would
        self.terminal = terminal        # worth running again in a terminal
        self.quiet = quiet


class Group:
    def __init__(self, name, cells, setup=()):
        self.name = name
        self.cells = [cell if isinstance(cell, Cell) else Cell(cell) for cell in cells]
        self.setup = list(setup)


CONNECT = "%livy connect local --as fabric --quiet"
LOGIN = ("%entra login --tenant {fabric.demo.tenant} --client {fabric.demo.client} "
         "--certificate {fabric.demo.certificate} --key {fabric.demo.key} --quiet")
STAGE = [Cell(CONNECT, quiet=True), Cell(LOGIN, quiet=True)]

GOOD = """\
%%payload clean_trips.py
from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("gallery").getOrCreate()
trips = spark.sql("SELECT * FROM green_tripdata_2022 WHERE total_amount > 0")
for year in range(2019, 2023):
    print(f"{year}: {trips.count():,} trips")
trips.limit(1000).write.mode("overwrite").format("delta").save("Tables/gallery")
"""

BAD = """\
%%payload broken.py
from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("gallery").getOrCreate()
spark.sql("SELECT * FROM gren_tripdata_2022").show()
"""

HOSTILE_TEXT = ("<b>bold</b> <script>alert(1)</script> **stars** `code` ```` | pipe \\\\ [x](javascript:1) "
                "$a_1$ # head ~~no~~ &amp; <!-- --> https://example.org/?a=1&b=2 www.example.org")

MANY = " ".join(f"name_{number}={number}" for number in range(40))


def groups(hostile_url):
    return [
        Group("help", [
            "%help",
            "%help batch submit",
            "%livy connect --help",
            "%help batch",
        ]),
        Group("connect", [
            "%livy connect local --as fabric",
            "%livy info",
            "%entra status",
            Cell("%entra login --tenant {fabric.demo.tenant} --client {fabric.demo.client}",
                 interrupt_s=4, terminal=False),
            "%entra login --tenant {fabric.demo.tenant} --client {fabric.demo.client} \\\n"
            "    --certificate {fabric.demo.certificate} --key {fabric.demo.key}",
            "%entra token",
            "%entra token --for storage\n%entra status",
            "%livy info --json",
            "%doctor",
            "%entra logout",
        ], setup=[CONNECT]),
        Group("files", [
            *STAGE,
            GOOD,
            "%%payload wrong.py\nimport os\nif os.name = 'nt':\n    print('no')\n",
            "%%payload notes.py --no-upload\nprint('only here')\n",
            "%lakehouse ls",
            "%lakehouse ls Files",
            "%lakehouse ls Tables",
            "%lakehouse ls Tables/green_tripdata_2022",
            "%lakehouse put clean_trips.py Files/jobs/",
            "%lakehouse cat Files/clean_trips.py",
            "%lakehouse cat Files/clean_trips.py --bytes 20",
            "%lakehouse cat Tables/green_tripdata_2022/_delta_log/00000000000000000000.json --bytes 300",
            "%lakehouse ls Files/nothing-here",
        ], setup=[CONNECT, LOGIN]),
        Group("batch", [
            *STAGE,
            Cell("%batch list", terminal=False),
            Cell(GOOD, quiet=True),
            "%batch submit clean_trips.py --name trips_2022 --conf spark.targetTable=trips "
            "--conf spark.sql.shuffle.partitions=4 --arg 2022 --dry-run",
            Cell("%batch submit clean_trips.py --name trips_2022 --tag team=data", terminal=False),
            Cell("%batch monitor", interrupt_s=4, terminal=False),
            "%batch monitor --log",
            "%batch status",
            "%batch log",
            "%batch log --source stderr --tail 8",
            "%batch list",
            "%batch status --json",
        ], setup=[CONNECT, LOGIN]),
        Group("failure", [
            *STAGE,
            Cell(BAD, quiet=True),
            "%batch submit broken.py --wait",
            "%batch monitor",
            Cell(GOOD, quiet=True),
            Cell("%batch submit clean_trips.py --name to_cancel", terminal=False),
            Cell("%batch cancel", terminal=False),
            "%batch cancel",
            "%batch monitor",
            "%batch list",
        ], setup=[CONNECT, LOGIN]),
        Group("variables", [
            Cell("%vars", terminal=False),
            "%set city=Paris n=5 rate=0.25 on=True 'two=a b' list=[1,2,3] nothing=None",
            f"%set 'hostile={HOSTILE_TEXT}'",
            "%set \"rtl=שלום עולם مرحبا\" emoji=🚕🇫🇷 cjk=東京都 accents=Ünïcödé \"nested={'a': {'b': [1, {'c': 'd'}]}}\"",
            "%set long=" + "x" * 300 + "\n%set 'words=" + "word " * 80 + "'",
            "%vars",
            "%vars hostile",
            "%vars nested --json",
            "# Parameters\ncity = 'Lyon'\nn = 6",
            f"%set {MANY} --quiet\n%vars",
            Cell("%set a=1 b=2\n%set c={a}\n%vars c"),
        ], setup=["%set city=Paris n=5 --quiet", f"%set 'hostile={HOSTILE_TEXT}' --quiet",
                  "%set \"nested={'a': {'b': [1, {'c': 'd'}]}}\" --quiet"]),
        Group("hostile", [
            f"%livy connect {hostile_url} --kind apache --auth none",
            "%batch list",
            "%batch list --max 60",
            "%batch status 1",
            "%batch status 3",
            "%batch log 1",
            "%batch monitor 2",
            Cell("%batch monitor 4", interrupt_s=5, terminal=False),
            "%batch status 500",
            "%batch status 404",
            "%batch status 99",
        ], setup=[f"%livy connect {hostile_url} --kind apache --auth none --quiet"]),
        Group("errors", [
            "%batch list",
            "%entra token",
            "%bacth list",
            "%batch lits",
            "%batch",
            "%batch submit x.py --nmae y",
            "%livy connect",
            "%livy connect nowhere",
            "%livy connect ftp://example.org/livy",
            "%livy connect https://livy.invalid/ --kind apache --auth none\n%batch list",
            "%livy connect http://127.0.0.1:9/ --kind apache --auth none --quiet\n%batch list",
            "%set city=Paris\n%vars {town}",
            "%entra login",
            "%entra login --tenant contoso.example --client 00000000-0000-0000-0000-000000000001 "
            "--certificate nothing.pem",
            "df = spark.read.table('trips')\ndf.show()",
            "# Parameters\ncity = open('x')",
            "%%payload ../x.py\nprint(1)",
            "%payload x.py",
        ]),
        Group("signin-errors", [
            Cell("%livy connect local --as fabric --quiet", quiet=True),
            "%batch list",
            "%entra login --tenant 00000000-0000-0000-0000-000000000009 --client {fabric.demo.client} \\\n"
            "    --certificate {fabric.demo.certificate} --key {fabric.demo.key}",
            "%entra login --tenant {fabric.demo.tenant} --client 00000000-0000-0000-0000-000000000009 \\\n"
            "    --certificate {fabric.demo.certificate} --key {fabric.demo.key}",
            "%entra login --tenant {fabric.demo.tenant} --client {fabric.demo.client} --secret-env NOT_SET",
            "%entra login --tenant {fabric.demo.tenant} --client {fabric.demo.client} \\\n"
            "    --certificate {fabric.demo.certificate} --key {fabric.demo.key} --thumbprint 00",
            Cell(LOGIN, quiet=True),
            "%batch submit nothing.py",
            "%batch submit Files/nothing.py --executor-memory 28 --dry-run",
            "%batch status 00000000-0000-0000-0000-000000000000",
            "%batch log no_such_name",
            "%lakehouse cat Files/nothing.txt",
            "%%batch --dry-run\n{\"file\": \"abfss://x\", \"nmae\": 3}",
        ], setup=[CONNECT, LOGIN]),
    ]
