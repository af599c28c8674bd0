use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// Variables that a tool may need of the worker's own environment. All else stays behind: tokens and keys that the person
/// who started the worker happens to have are nobody's business.
const KEPT: [&str; 26] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TMPDIR",
    "TEMP",
    "TMP",
    "TERM",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "PYTHONPATH",
    "VIRTUAL_ENV",
    "PKG_CONFIG_PATH",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "SystemRoot",
    "SystemDrive",
    "USERPROFILE",
    "APPDATA",
    "LOCALAPPDATA",
    "PATHEXT",
    "COMSPEC",
];

/// Families of such variables.
const KEPT_PREFIXES: [&str; 9] = ["LC_", "XDG_", "CUDA", "NVIDIA_", "NCCL_", "ROCR_", "CONDA_", "MAMBA_", "UV_"];

/// What in a name of a kept family still betrays a secret: `UV_INDEX_LAB_PASSWORD`.
const SECRET: [&str; 5] = ["TOKEN", "SECRET", "PASSWORD", "KEY", "CREDENTIAL"];

/// Variables that hold lists of folders.
const LISTS: [&str; 5] = ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONPATH", "XDG_DATA_DIRS"];

/// A tool's environment: what is kept of `ours`, then `extra` on top of it.
///
/// An AppImage puts its own folder (`APPDIR`) in front of everything, which breaks every Python that it starts; whatever
/// lies in there is left out again. A program started from a desktop has not the `PATH` of a shell, so the folders where
/// people install tools are added at the end.
pub(crate) fn tool_environment(
    ours: Vec<(OsString, OsString)>,
    extra: impl IntoIterator<Item = (OsString, OsString)>,
) -> BTreeMap<OsString, OsString> {
    let value = |name: &str| ours.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let inside = value("APPDIR").map(PathBuf::from).filter(|dir| dir.is_absolute());
    let home = value("HOME").map(PathBuf::from);
    let mut kept = BTreeMap::new();
    for (name, value) in ours {
        let Some(text) = name.to_str() else { continue };
        if !is_kept(text) || (!KEPT.contains(&text) && names_a_login(&value)) {
            continue;
        }
        let value = match &inside {
            Some(dir) if LISTS.contains(&text) => without(&value, dir),
            Some(dir) if Path::new(&value).starts_with(dir) => continue,
            _ => value,
        };
        if !value.is_empty() || !LISTS.contains(&text) {
            kept.insert(name, value);
        }
    }
    if cfg!(unix) {
        let path = kept.remove(&OsString::from("PATH")).unwrap_or_else(|| "/usr/bin:/bin".into());
        kept.insert("PATH".into(), with_usual_places(&path, home.as_deref()));
    }
    kept.extend(extra);
    kept
}

/// Whether it is an address with somebody's name or password in it: `https://me:secret@index`.
fn names_a_login(value: &OsStr) -> bool {
    let value = value.to_string_lossy();
    value.split("://").skip(1).any(|rest| rest.split(['/', ' ']).next().is_some_and(|host| host.contains('@')))
}

fn is_kept(name: &str) -> bool {
    KEPT.contains(&name)
        || (KEPT_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
            && !SECRET.iter().any(|word| name.to_ascii_uppercase().contains(word)))
}

fn without(list: &OsString, dir: &Path) -> OsString {
    let rest = std::env::split_paths(list).filter(|path| !path.starts_with(dir));
    std::env::join_paths(rest).unwrap_or_default()
}

fn with_usual_places(path: &OsString, home: Option<&Path>) -> OsString {
    let mut places: Vec<PathBuf> = std::env::split_paths(path).collect();
    let usual =
        [home.map(|home| home.join(".local/bin")), Some("/usr/local/bin".into()), Some("/opt/homebrew/bin".into())];
    for place in usual.into_iter().flatten() {
        if !places.contains(&place) {
            places.push(place);
        }
    }
    std::env::join_paths(places).unwrap_or_else(|_| path.clone())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn environment(ours: &[(&str, &str)], extra: &[(&str, &str)]) -> BTreeMap<String, String> {
        let own = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect::<Vec<_>>();
        let text = |value: OsString| value.into_string().unwrap();
        tool_environment(own(ours), own(extra)).into_iter().map(|(k, v)| (text(k), text(v))).collect()
    }

    #[test]
    fn secrets_stay_behind() {
        let got = environment(
            &[
                ("AWS_SECRET_ACCESS_KEY", "x"),
                ("SSH_AUTH_SOCK", "x"),
                ("SAMEPATH_INVITATION", "x"),
                ("UV_INDEX_LAB_PASSWORD", "x"),
                ("UV_INDEX_URL", "https://me:x@index.lab/simple"),
                ("HOME", "/home/a"),
                ("LC_ALL", "C.UTF-8"),
                ("CUDA_VISIBLE_DEVICES", "1"),
            ],
            &[("EXTRA", "1"), ("HOME", "/elsewhere")],
        );
        let names: Vec<&str> = got.keys().map(String::as_str).collect();
        assert_eq!(names, ["CUDA_VISIBLE_DEVICES", "EXTRA", "HOME", "LC_ALL", "PATH"]);
        assert_eq!(got["HOME"], "/elsewhere");
    }

    #[test]
    fn an_appimage_leaves_no_trace() {
        let got = environment(
            &[
                ("APPDIR", "/tmp/.mount_x"),
                ("PYTHONHOME", "/tmp/.mount_x/usr"),
                ("PYTHONPATH", "/tmp/.mount_x/usr/share/pyshared"),
                ("LD_LIBRARY_PATH", "/tmp/.mount_x/usr/lib:/opt/cuda/lib64"),
                ("PATH", "/tmp/.mount_x/usr/bin:/usr/bin"),
                ("XDG_DATA_DIRS", "/tmp/.mount_x/usr/share:/usr/share"),
                ("HOME", "/home/a"),
            ],
            &[],
        );
        assert_eq!(got.get("PYTHONPATH"), None);
        assert_eq!(got.get("PYTHONHOME"), None);
        assert_eq!(got["LD_LIBRARY_PATH"], "/opt/cuda/lib64");
        assert_eq!(got["XDG_DATA_DIRS"], "/usr/share");
        assert_eq!(got["PATH"], "/usr/bin:/home/a/.local/bin:/usr/local/bin:/opt/homebrew/bin");
    }
}
