"""What the house rules know of the project: who may include whom, and which room owns what."""

# A module may include the modules of its row and itself. The same table as DEPENDS in the modules'
# CMakeLists.txt; from the ground up, so that an arrow that would close a circle has no place.
MODULES = {
    "base": [],
    "async": ["base"],
    "api": ["base"],
    "http": ["base", "async"],
    "store": ["base", "async"],
    "client": ["base", "async", "http", "api"],
    "apiserver": ["base", "async", "http", "store", "api"],
    "openstack": ["base", "async", "http"],
    "prometheus": ["base", "async", "api", "http"],
    "agents": ["base", "async", "api", "http"],
    "runtime": ["base", "async", "http", "api", "client"],
    "localcloud": ["base", "async", "http"],
    "reconcilers": [
        "base", "async", "http", "api", "client", "runtime", "openstack", "prometheus", "agents",
    ],
    "cli": ["base", "async", "http", "api", "client", "prometheus", "reconcilers"],
    "app": [
        "base", "async", "http", "store", "api", "client", "apiserver", "openstack", "prometheus",
        "agents", "runtime", "localcloud", "reconcilers", "cli",
    ],
}

# Parts of a module that a row above does not grant: (who, what it must not include, what of it is
# allowed all the same, what to do instead). The codec is the door through which a template reads
# any kind without naming one.
NARROWER = [
    ("runtime", "api/v1alpha1/", ["api/v1alpha1/codec.h"],
     "the runtime knows no kind; take it as a template parameter"),
    ("runtime", "api/core/", [], "the runtime knows no kind; take it as a template parameter"),
]

# Libraries that are slow to include or easy to misuse, and the folders that may name them. The
# third part says what everybody else uses.
HEAVY = [
    ("boost/beast/", ["controller/http/"], "controller/http/server.h"),
    ("boost/asio/ip/", ["controller/http/"], "controller/http/http_client.h or server.h"),
    ("boost/asio/ssl/", ["controller/http/"], "controller/http/http_client.h or server.h"),
    ("curl/", ["controller/http/"], "controller/http/http_client.h"),
    ("yaml-cpp/", ["controller/base/"], "controller/base/yaml.h"),
    ("rapidjson/", ["controller/base/"], "controller/base/json.h"),
    ("SQLiteCpp/", ["controller/store/"], "controller/store/object_store.h"),
    ("sqlite3.h", ["controller/store/"], "controller/store/object_store.h"),
    ("openssl/", ["controller/base/", "controller/http/", "controller/async/"],
     "controller/base/text.h or secret.h"),
    ("re2/", ["api/"], "the schema of the field in crds/"),
    ("CLI/", ["controller/cli/", "controller/app/", "controller/localcloud/"],
     "a struct of settings that the program fills"),
]

# Calls that reach for the real world past a seam: (regular expression over code without comments
# and strings, folders or files that may, what to write instead).
BANNED = [
    (r"\b(system_clock|steady_clock|high_resolution_clock)::now\b",
     ["controller/async/", "controller/http/"],
     "take a Clock& (controller/async/clock.h)"),
    (r"\b(time|gettimeofday|clock_gettime)\((NULL|nullptr|0|CLOCK_)",
     ["controller/async/"],
     "take a Clock& (controller/async/clock.h)"),
    (r"\brandom_device\b|\bs?rand\(|\bmt19937(_64)?\b|\bgetrandom\(",
     ["controller/async/"],
     "take a Random& (controller/async/random.h)"),
    (r"\bstd::(jthread|async)\b|\bstd::thread\b|\bthread_pool\b",
     ["controller/async/", "controller/http/"],
     "take an Executor and run_on (controller/async/run_on.h)"),
    (r"\b(steady_timer|system_timer|deadline_timer|high_resolution_timer)\b",
     ["controller/async/", "controller/http/"],
     "await Clock::sleep (controller/async/clock.h)"),
    (r"\bdetached\b",
     ["controller/async/"],
     "start it in a TaskGroup (controller/async/task_group.h), which waits for it"),
    (r"\b(sleep_for|sleep_until|usleep|nanosleep)\(|(?<![\w.>])sleep\(",
     ["controller/async/"],
     "await Clock::sleep (controller/async/clock.h)"),
    (r"\b(getaddrinfo|gethostbyname)\b",
     ["controller/http/"],
     "use HttpClient, which resolves names with a deadline"),
    (r"\b(fork|vfork|popen|posix_spawnp?|execv[ep]*)\(|(?<![\w.>])system\(",
     ["controller/async/", "controller/localcloud/child_process.cpp",
      "controller/app/dev_processes.cpp"],
     "use Processes (controller/async/process.h)"),
    (r"\bgetenv\b",
     ["controller/app/", "controller/cli/", "controller/localcloud/main.cpp",
      "controller/localcloud/settings.cpp"],
     "take the setting as a parameter; the program reads the environment"),
]

# The same for tests: they must give the same answer each time.
BANNED_IN_TESTS = [
    (r"\brandom_device\b|(?<![\w.>])s?rand\(", [], "use a fixed seed and print it on failure"),
    (r"\bDISABLED_\w|\bGTEST_SKIP\b", [], "make the test pass or delete it: a skipped test rots"),
]

# Fuzz targets call the parsers that a module keeps to itself.
INTERNALS_SEEN = ("tests/fuzz/",)

# Tests that measure, compare with or stand in for the libraries themselves.
RAW_TESTS = ["tests/bench/", "tests/simulation/sim_vfs"]

# Files that speak of paths on the servers they configure.
GUEST_FILES = ["controller/localcloud/", "manifests/", "tests/agents/", "tests/golden/",
               "tests/localcloud/"]

MAX_LINES = 500    # of a source file; split it by idea before
MAX_COLUMNS = 100  # of a line of C++
