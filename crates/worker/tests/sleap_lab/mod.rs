//! A program that behaves as `sleap-nn` was seen to, and a storage with a project.
#![allow(dead_code, reason = "every test file uses its own part of it")]

#[path = "../../../dataset/tests/support/mod.rs"]
mod projects;

use samepath_wire::Failure;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Writes its arguments down, and does what the file `mode` beside it says.
pub(crate) const STAND_IN: &str = r#"#!/bin/sh
here=$(dirname "$0")
{ echo "=== $(basename "$0")"; for each in "$@"; do printf '%s\n' "$each"; done; } >> "$here/calls"
mode=$(cat "$here/mode")
after() { want=$1; shift; while [ $# -gt 1 ]; do [ "$1" = "$want" ] && { printf '%s' "$2"; return; }; shift; done; }
case "$1" in
filenames|predict)
  [ "$1" = predict ] && printf '{"n_processed": 25, "n_total": 50, "rate": 1.0, "eta": 1.0}\n'
  if [ "$1" = predict ] && [ "$(grep -c '^predict$' "$here/calls")" = 2 ]; then
    case "$mode" in
    break) echo 'ValueError: odd' >&2; exit 1;;
    hang) while :; do sleep 0.05; done;;
    esac
  fi
  echo predicted > "$(after -o "$@")"; exit 0;;
config)
  out=$(after -o "$@")
  for head in centroid centered_instance; do
    printf 'data_config: {train_labels_path: [x.slp]}\nmodel_config: {head_configs: {single_instance: null, %s: {sigma: 1e-06}}}\ntrainer_config: {max_epochs: 2}\n' $head > "${out%.yaml}_$head.yaml"
  done; exit 0;;
esac
config="$(after --config-dir "$@")/$(after --config-name "$@")"
cp "$config" "$here/config.$(grep -c '^train$' "$here/calls")"
field() { sed -n "s/.*\"$1\": \"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}$/\1/p" "$config" | head -n 1; }
run="$(field ckpt_dir)/$(field run_name)"
mkdir -p "$run"; : > "$run/best.ckpt"; : > "$run/last.ckpt"; : > "$run/training_config.yaml"
printf 'epoch,train/loss,val/loss\n0,,0.5\n' > "$run/training_log.csv"
[ "$mode" = later ] && printf 'Epoch 2: 100%%|██| 3/3 [00:11<00:00, 0.26it/s, loss=0.03]\rEpoch 3:  50%%|█ | 1/2 [00:00<00:00, 1it/s]\r'
[ "$mode" = quiet ] || [ "$mode" = later ] || printf 'Epoch 0: 100%%|██| 3/3 [00:11<00:00, 0.26it/s, loss=0.03]\rEpoch 1:  33%%|█ | 1/3 [00:00<00:00, 1it/s]'
case "$mode" in
wait|quiet) echo; while [ ! -e "$here/go" ]; do sleep 0.05; done; echo '| Finished training loop. [0.3 min]'; while :; do sleep 0.05; done;;
kill) kill -9 $$;;
lose) rm "$here/../vast/amick/maze/cam0.mp4";;
write) echo; while [ ! -e "$here/go" ]; do sleep 0.05; done; dd if=/dev/zero of="$run/last.ckpt" bs=1024 count=64 conv=fsync; exit 1;;
gpu) echo 'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.' >&2; exit 1;;
loader) printf 'RuntimeError: DataLoader worker (pid 7) is killed by signal: Killed. \nRuntimeError: DataLoader worker (pid(s) 7) exited unexpectedly\n' >&2; exit 1;;
shared) echo "RuntimeError: DataLoader worker (pid 7) is killed by signal: Bus error. It is possible that dataloader's workers are out of shared memory." >&2; exit 1;;
warned) printf "W1128 No module named 'triton'\nValueError: no frames\n" >&2; exit 1;;
away) echo 'UserWarning: No space left on device, trying again' >&2; mv "$(field ckpt_dir)" "$(field ckpt_dir).away"; echo 'ValueError: no frames' >&2; exit 1;;
full) echo 'OSError: [Errno 28] No space left on device: /tmp/x -> /mnt/last.ckpt' >&2; exit 1;;
change) echo more >> "$(sed -n 's/.*"\(\/.*labels.*slp\)".*/\1/p' "$config" | head -n 1)"; exit 1;;
speak) printf '\nopenjd_fail: no\nsamepath_failure: {"cause":"memory","message":"no"}\n'; echo 'ValueError: odd' >&2; exit 3;;
esac
printf '1,0.4,0.25\n' >> "$run/training_log.csv"
printf '\rEpoch 1: 100%%|██| 3/3 [00:01<00:00, 1it/s]| Finished training loop. [0.3 min]\n'
"#;

pub(crate) struct Lab {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) parameters: Value,
    /// Where the person said that videos are.
    pub(crate) videos: Value,
}

pub(crate) fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data").join(name)
}

impl Lab {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs_err::create_dir_all(dir.path().join("storage")).unwrap();
        let storage = dir.path().join("storage");
        Self::in_dir(dir, &storage)
    }

    /// With its storage there.
    pub(crate) fn on(storage: &Path) -> Self {
        Self::in_dir(tempfile::tempdir().unwrap(), storage)
    }

    fn in_dir(dir: tempfile::TempDir, storage: &Path) -> Self {
        use std::os::unix::fs::PermissionsExt;
        std::os::unix::fs::symlink(storage, dir.path().join("vast")).unwrap();
        for name in ["bin", "work", "vast/amick/maze", "vast/amick/out"] {
            fs_err::create_dir_all(dir.path().join(name)).unwrap();
        }
        for name in ["sleap-nn", "sio"] {
            let program = dir.path().join("bin").join(name);
            fs_err::write(&program, STAND_IN).unwrap();
            fs_err::set_permissions(program, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        let lab = Self { dir, parameters: json!({}), videos: json!([]) };
        lab.mode("");
        for name in ["labels.slp", "labels.pkg.slp", "cam0.mp4"] {
            fs_err::copy(data("maze").join(name), lab.maze(name)).unwrap();
        }
        lab
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().canonicalize().unwrap().join(name)
    }

    pub(crate) fn maze(&self, name: &str) -> PathBuf {
        self.path("vast/amick/maze").join(name)
    }

    /// A project with these videos, below amick's folder; where it is.
    pub(crate) fn project(&self, name: &str, videos: &[Value]) -> String {
        let path = self.path("vast/amick").join(name);
        let entries: Vec<String> = videos.iter().map(|video| json!({ "filename": video }).to_string()).collect();
        fs_err::write(&path, projects::project(&entries)).unwrap();
        path.display().to_string()
    }

    pub(crate) fn out(&self) -> PathBuf {
        self.path("vast/amick/out")
    }

    pub(crate) fn mode(&self, mode: &str) {
        fs_err::write(self.path("bin/mode"), mode).unwrap();
    }

    pub(crate) fn config(&self, name: &str, text: &str) -> String {
        let path = self.maze(name);
        fs_err::write(&path, text).unwrap();
        path.display().to_string()
    }

    pub(crate) fn command(&self, tool: &str, values: &[(&str, &str)], list: &[&str]) -> Command {
        let context = json!({
            "job": {
                "version": 1, "id": "0199c0de-0000-7000-8000-000000000000", "kind": tool,
                "storage_backend": "vast", "user_subdir": "amick", "parameters": self.parameters, "videos": self.videos,
                "base_paths": { "vast": ["/Volumes/talmo"] }, "submitted_at": "2026-11-22T09:14:00Z"
            },
            "backends": [{ "name": "vast", "base_path": self.path("vast") }],
            "worker": "gpu-1", "attempt": 1, "program": self.path("bin/sleap-nn"),
        });
        fs_err::write(self.path("context.json"), context.to_string()).unwrap();
        let test = std::env::current_exe().unwrap();
        let mut command = Command::new(test.parent().unwrap().parent().unwrap().join("examples/hidden"));
        command.args(["tool", tool]).args(values.iter().map(|(name, value)| format!("{name}={value}")));
        command.arg("--").args(list).current_dir(self.path("work"));
        command.env("SAMEPATH_CONTEXT", self.path("context.json")).stdin(Stdio::null());
        command
    }

    pub(crate) fn train(&self, labels: &str, values: &[(&str, &str)], configs: &[&str]) -> Told {
        let (labels, out) = (self.maze(labels).display().to_string(), self.out().display().to_string());
        let mut all = vec![("LABELS", labels.as_str()), ("OUTPUT_DIR", &out)];
        all.extend(values);
        Told::new(self.command("sleap-train", &all, configs).output().unwrap())
    }

    pub(crate) fn calls(&self) -> String {
        fs_err::read_to_string(self.path("bin/calls")).unwrap_or_default()
    }

    pub(crate) fn seen(&self, number: u32) -> Value {
        serde_json::from_slice(&fs_err::read(self.path("bin").join(format!("config.{number}"))).unwrap()).unwrap()
    }
}

#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) good: bool,
    pub(crate) lines: Vec<String>,
}

impl Told {
    pub(crate) fn new(output: Output) -> Self {
        let lines = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
        Self { good: output.status.success(), lines }
    }

    pub(crate) fn said(&self, what: &str) -> Vec<&str> {
        self.lines.iter().filter_map(|line| line.strip_prefix(what)?.strip_prefix(": ")).collect()
    }

    #[track_caller]
    pub(crate) fn failure(&self) -> Failure {
        self.ended("samepath_failure")
    }

    /// What this worker lacks.
    #[track_caller]
    pub(crate) fn unfit(&self) -> Failure {
        self.ended("samepath_unfit")
    }

    #[track_caller]
    fn ended(&self, what: &str) -> Failure {
        assert!(!self.good, "{self:?}");
        let said = self.said(what);
        serde_json::from_str(said.last().unwrap_or_else(|| panic!("{self:?}"))).unwrap()
    }
}

pub(crate) const CONFIG: &str = "data_config:\n  train_labels_path: [elsewhere.slp]\n  test_file_path: null\nmodel_config:\n  pretrained_head_weights: null\n  head_configs: {centroid: null, single_instance: {sigma: 5.0}}\ntrainer_config:\n  max_epochs: 7\n  ckpt_dir: ./models\n  optimizer: {lr: 1.0e-04}\n";
