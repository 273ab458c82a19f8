"""What the tests over the corpus of real captures share: where it is, how hansho is run on it."""
import concurrent.futures, glob, os, re, signal, subprocess, sys

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.abspath(os.environ.get("HANSHO_CORPUS") or os.path.join(HERE, "..", "..", "shared", "corpus"))
HANSHO = os.environ.get("HANSHO", os.path.join(HERE, "..", "build", "hansho"))
ASAN = os.environ.get("HANSHO_ASAN", os.path.join(HERE, "..", "build-asan", "hansho"))
ALL_RECORDS = "alert,beacon,http,tls,smtp,dns,flow"
SANITIZER = re.compile(rb"ERROR: \w+Sanitizer|runtime error:|LeakSanitizer")

failed = False


def ok(name):
    print("ok", name, flush=True)


def fail(name, why):
    global failed
    failed = True
    print(f"FAIL {name}: {why}", flush=True)


def skip_without_folder(cases):
    """True, and one line for each case, when the corpus is not there."""
    if os.path.isdir(os.path.join(FOLDER, "pcaps")):
        return False
    for case in cases:
        print(f"skip {case}: folder not there ({FOLDER})")
    return True


def captures():
    return sorted(glob.glob(os.path.join(FOLDER, "pcaps", "*")))


def short(path):
    return os.path.basename(path)


class Run:
    """One replay: status (negative: the signal) and what it wrote."""

    def __init__(self, program, options, files, limit=60, stdin=None):
        command = [program, "replay", "--records", ALL_RECORDS, "--eve", "-", *options, *files]
        p = subprocess.Popen(command, stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        self.hung = False
        try:
            self.out, self.err = p.communicate(stdin, timeout=limit)
        except subprocess.TimeoutExpired:
            self.hung = True
            os.killpg(p.pid, signal.SIGKILL)
            self.out, self.err = p.communicate()
        self.status = p.returncode

    def complaint(self):
        """What is wrong with this run, or None. Captures may be faulty: status 1 is fine."""
        if self.hung:
            return "still running at the time limit"
        if SANITIZER.search(self.err):
            return "sanitizer: " + next(l for l in self.err.decode(errors="replace").splitlines()
                                        if SANITIZER.search(l.encode()))
        if self.status not in (0, 1):
            last = self.err.decode(errors="replace").strip().splitlines()[-1:]
            return f"status {self.status} {last}"
        return None


def each(work, items):
    """work(item) for all, two at a time; results in the order of the items."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        return list(pool.map(work, items))


def finish():
    sys.exit(1 if failed else 0)
