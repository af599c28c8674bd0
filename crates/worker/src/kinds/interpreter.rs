//! Programs that run what they are given: which of their arguments is code.

/// A family of programs that take code as an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interpreter {
    Shell,
    Python,
    /// `perl`, `ruby`, `node`, `php`, `lua`, `Rscript` and their like: `-e CODE`.
    Script,
    Cmd,
    PowerShell,
    /// Whatever they are given is code, or goes to a shell.
    Everything,
}

/// What an interpreter's argument is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Makes it run code: in the same word or in the next; the words after it too, or they are that code's arguments.
    Code { here: bool, rest_too: bool },
    /// Makes it run code: the first word that is no option.
    CodeLater,
    /// An option, with so many words that belong to it.
    Option { values: usize },
    /// The file or module that it runs.
    Script,
}

/// The name of a program without folder, `.exe`, and a version at its end: `/usr/bin/python3.11` is `python`.
pub(super) fn base_name(word: &str) -> String {
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word).to_ascii_lowercase();
    let name = [".exe", ".cmd", ".bat", ".com"].iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(&name);
    name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-').to_owned()
}

const SHELLS: &[&str] = &["sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "fish", "csh", "tcsh", "su", "rbash"];

/// A shell in which `repr_sh` quotes rightly.
pub(super) fn is_posix_shell(name: &str) -> bool {
    ["sh", "bash", "dash", "ash", "zsh", "ksh", "mksh"].contains(&name)
}

/// The interpreter that a word names, if it names one.
pub(super) fn interpreter(word: &str) -> Option<Interpreter> {
    let name = base_name(word);
    let name = name.as_str();
    Some(match name {
        _ if SHELLS.contains(&name) => Interpreter::Shell,
        "python" | "pythonw" | "pypy" | "ipython" | "py" | "jython" | "micropython" => Interpreter::Python,
        "perl" | "ruby" | "node" | "nodejs" | "php" | "lua" | "luajit" | "rscript" | "r" | "julia" | "deno" | "bun"
        | "osascript" | "tclsh" | "octave" | "matlab" | "groovy" | "scala" | "guile" | "elixir" | "erl" => {
            Interpreter::Script
        }
        "cmd" => Interpreter::Cmd,
        "powershell" | "pwsh" => Interpreter::PowerShell,
        "eval" | "ssh" | "awk" | "gawk" | "mawk" | "sed" | "parallel" | "watch" | "script" | "expect" | "gdb"
        | "vim" | "wscript" | "cscript" | "mshta" | "rundll" | "make" => Interpreter::Everything,
        _ => return None,
    })
}

/// A program that runs what the words after it say in a container; which of its many options take a word is not known here.
pub(super) fn is_container(word: &str) -> bool {
    ["docker", "podman", "apptainer", "singularity", "enroot", "shifter", "kubectl"].contains(&base_name(word).as_str())
}

impl Interpreter {
    /// Whether every argument is code, or may be.
    pub(super) fn reads_all(self) -> bool {
        self == Self::Everything
    }

    /// What a word is, given the words before it were options. `head` is the word up to the first value.
    pub(super) fn option(self, head: &str) -> Role {
        match self {
            Self::Everything => Role::Code { here: true, rest_too: true },
            Self::Cmd => match head.to_ascii_lowercase() {
                flag if flag.starts_with("/c") || flag.starts_with("/k") || flag.starts_with("/r") => {
                    Role::Code { here: true, rest_too: true }
                }
                flag if flag.starts_with('/') => Role::Option { values: 0 },
                _ => Role::Code { here: true, rest_too: true },
            },
            Self::PowerShell => powershell(head),
            Self::Shell => shell(head),
            Self::Python => python(head),
            Self::Script => script(head),
        }
    }
}

fn shell(head: &str) -> Role {
    if let Some(long) = head.strip_prefix("--") {
        let name = long.split('=').next().unwrap_or(long);
        return match name {
            "command" => Role::Code { here: long.contains('='), rest_too: false },
            "rcfile" | "init-file" if !long.contains('=') => Role::Option { values: 1 },
            _ => Role::Option { values: 0 },
        };
    }
    match head.strip_prefix(['-', '+']) {
        // `-c`, and `-lc`, `-xec`: after any options in one word.
        Some(flags) if head.starts_with('-') && flags.contains('c') => Role::CodeLater,
        Some(flags) if flags.ends_with(['o', 'O']) => Role::Option { values: 1 },
        Some(flags) if flags.is_empty() || flags.contains('s') => Role::Option { values: 0 },
        Some(_) => Role::Option { values: 0 },
        None => Role::Script,
    }
}

fn python(head: &str) -> Role {
    if head.starts_with("--") {
        return Role::Option { values: usize::from(head == "--check-hash-based-pycs") };
    }
    let Some(flags) = head.strip_prefix('-') else { return Role::Script };
    if flags.is_empty() {
        return Role::Script;
    }
    // Options are read letter by letter until one takes the rest of the word, or the next.
    for (at, flag) in flags.char_indices() {
        let last = at + flag.len_utf8() == flags.len();
        match flag {
            'c' => return Role::Code { here: !last, rest_too: false },
            // The module is what is run, in this word or in the next: a value may not choose it.
            'm' => return Role::Code { here: !last, rest_too: false },
            'W' | 'X' | 'Q' => return Role::Option { values: usize::from(last) },
            _ => {}
        }
    }
    Role::Option { values: 0 }
}

fn script(head: &str) -> Role {
    if let Some(long) = head.strip_prefix("--") {
        let (name, joined) = long.split_once('=').map_or((long, false), |(name, _)| (name, true));
        return match name {
            "eval" | "print" | "run" | "expr" | "execute" => Role::Code { here: joined, rest_too: false },
            "require" | "import" | "loader" | "experimental-loader" => Role::Code { here: joined, rest_too: true },
            _ => Role::Option { values: 0 },
        };
    }
    let Some(flags) = head.strip_prefix('-') else { return Role::Script };
    // MATLAB's own.
    if ["batch", "r", "eval"].contains(&flags) {
        return Role::Code { here: false, rest_too: true };
    }
    if let Some(at) = flags.find(['e', 'E', 'p']) {
        return Role::Code { here: at + 1 < flags.len(), rest_too: true };
    }
    if flags.contains('f') {
        // `php -f FILE`, `tclsh -f`: the script is the next word.
        return Role::Option { values: 1 };
    }
    Role::Option { values: usize::from(flags == "I" || flags == "M" || flags == "l") }
}

fn powershell(head: &str) -> Role {
    let lower = head.to_ascii_lowercase();
    let Some(flag) = lower.strip_prefix(['-', '/']) else {
        // Without an option, Windows PowerShell takes what it is given as a command.
        return Role::Code { here: true, rest_too: true };
    };
    if flag.is_empty() {
        return Role::Code { here: true, rest_too: true };
    }
    // Options may be cut short: `-c`, `-com`, `-e`, `-enc`.
    if "file".starts_with(flag) {
        return Role::Code { here: false, rest_too: false };
    }
    if "command".starts_with(flag)
        || "commandwithargs".starts_with(flag)
        || "encodedcommand".starts_with(flag)
        || flag == "ec"
    {
        return Role::Code { here: false, rest_too: true };
    }
    let with_value = [
        "executionpolicy",
        "ep",
        "ex",
        "windowstyle",
        "version",
        "psconsolefile",
        "inputformat",
        "outputformat",
        "configurationname",
        "custompipename",
        "workingdirectory",
        "wd",
        "settingsfile",
    ];
    Role::Option { values: usize::from(with_value.iter().any(|option| option.starts_with(flag))) }
}

/// A program that runs the program that it is given.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wrapper {
    /// Options that take the next word.
    with_value: &'static [&'static str],
    /// Words before the command that are not options: `timeout 10 CMD`.
    operands: usize,
    /// Further words that lead to the command: `conda run CMD`, `uv run CMD`.
    verb: bool,
}

/// The wrapper that a word names, if it names one.
pub(super) fn wrapper(word: &str) -> Option<Wrapper> {
    let plain = |with_value| Wrapper { with_value, operands: 0, verb: false };
    let verb = |with_value| Wrapper { with_value, operands: 0, verb: true };
    Some(match base_name(word).as_str() {
        "env" => plain(&["-u", "-C", "-S", "--unset", "--chdir", "--split-string"]),
        "nice" => plain(&["-n", "--adjustment"]),
        "ionice" => plain(&["-c", "-n", "-p"]),
        "nohup" | "setsid" | "command" | "exec" | "busybox" | "time" | "unbuffer" | "dbus-run-session" | "xvfb-run" => {
            plain(&["-a", "-f", "-o", "-n", "-s", "-e"])
        }
        "stdbuf" => plain(&["-i", "-o", "-e"]),
        "sudo" | "doas" => plain(&["-u", "-g", "-h", "-p", "-C", "-D", "-R", "-T", "-U", "-a"]),
        "xargs" => plain(&["-I", "-n", "-P", "-d", "-a", "-L", "-s", "-E"]),
        "srun" => plain(&["-p", "-n", "-N", "-c", "-t", "-w", "-A", "-J", "-o", "-e", "-G"]),
        "timeout" => Wrapper { with_value: &["-s", "-k", "--signal", "--kill-after"], operands: 1, verb: false },
        "taskset" | "chrt" => Wrapper { with_value: &[], operands: 1, verb: false },
        "conda" | "mamba" | "micromamba" | "pixi" | "poetry" | "uv" | "pipenv" | "hatch" | "rye" => verb(&[
            "-n",
            "-p",
            "--name",
            "--prefix",
            "--with",
            "--python",
            "--project",
            "--directory",
            "--from",
            "--cwd",
            "-e",
            "--extra",
            "--group",
            "--env-file",
            "--manifest-path",
            "--environment",
            "-C",
        ]),
        "uvx" | "npx" | "pipx" => plain(&["--from", "--with", "--python", "-p", "--package", "-c", "--call"]),
        _ => return None,
    })
}

impl Wrapper {
    /// Which of the words is the command that it runs. Words up to there, and that one, must stand in the template. Where a
    /// word is empty because it begins with a value, it counts as the next thing expected.
    pub(super) fn command_at(self, heads: &[&str]) -> Option<usize> {
        let mut skip = self.operands + usize::from(self.verb);
        let mut index = 0;
        while let Some(head) = heads.get(index) {
            if self.with_value.contains(head) {
                index += 2;
                continue;
            }
            let option = head.starts_with('-') && head.len() > 1;
            let assignment = head.split_once('=').is_some_and(|(name, _)| {
                !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            });
            if option || assignment {
                index += 1;
            } else if skip > 0 {
                skip -= 1;
                index += 1;
            } else {
                return Some(index);
            }
        }
        None
    }
}
