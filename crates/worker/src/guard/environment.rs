use samepath_storage::Platform;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// Variables that a tool may need of the worker's own environment. All else stays behind: tokens and keys that the person
/// who started the worker happens to have are nobody's business.
const KEPT: &[&str] = &[
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
    "WINDIR",
    "USERNAME",
    "ProgramData",
    "ProgramFiles",
    "NUMBER_OF_PROCESSORS",
    "PROCESSOR_ARCHITECTURE",
    "TORCH_HOME",
    "HF_HOME",
    "HIP_VISIBLE_DEVICES",
];

/// The way out of a lab's network. Programs look for either spelling; where a login is in one it stays behind.
const PROXIES: &[&str] = &["http_proxy", "https_proxy", "all_proxy", "no_proxy"];

/// Families of such variables.
const KEPT_PREFIXES: &[&str] =
    &["LC_", "XDG_", "CUDA", "NVIDIA_", "NCCL_", "ROCR_", "CONDA_", "MAMBA_", "UV_", "PYTORCH_"];

/// What in a name of a kept family still betrays a secret: `UV_INDEX_LAB_PASSWORD`.
const SECRET: &[&str] = &["TOKEN", "SECRET", "PASSWORD", "KEY", "CREDENTIAL"];

/// Variables that hold lists of folders.
const LISTS: &[&str] = &["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONPATH", "XDG_DATA_DIRS"];

/// A tool's environment: what is kept of `ours`, then `extra` on top of it.
///
/// An AppImage puts its own folder (`APPDIR`) in front of everything, which breaks every Python that it starts; whatever
/// lies in there is left out again. A program started from a desktop has not the `PATH` of a shell, so the folders where
/// people install tools are added at the end.
pub(crate) fn tool_environment(
    platform: Platform,
    ours: Vec<(OsString, OsString)>,
    extra: impl IntoIterator<Item = (OsString, OsString)>,
) -> BTreeMap<OsString, OsString> {
    let value = |name: &str| variable(platform, &ours, name).map(OsStr::to_owned);
    let inside = value("APPDIR").map(PathBuf::from).filter(|dir| dir.is_absolute());
    let home = home(platform, &ours).map(Path::to_owned);
    let mut kept = BTreeMap::new();
    for (name, value) in ours {
        let Some(text) = name.to_str() else { continue };
        if !is_kept(platform, text) || names_a_login(text, &value) {
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
    if platform != Platform::Windows {
        let path = kept.remove(&OsString::from("PATH")).unwrap_or_else(|| "/usr/bin:/bin".into());
        kept.insert("PATH".into(), with_usual_places(&path, home.as_deref()));
    }
    kept.extend(extra);
    kept
}

/// One variable of an environment. On Windows `Path` is `PATH`.
pub(super) fn variable<'a>(
    platform: Platform,
    environment: &'a [(OsString, OsString)],
    name: &str,
) -> Option<&'a OsStr> {
    let is_it = |key: &OsString| key.to_str().is_some_and(|key| is_same(platform, key, name));
    environment.iter().find(|(key, _)| is_it(key)).map(|(_, value)| value.as_os_str())
}

/// The person's home folder, as an environment says.
pub(super) fn home(platform: Platform, environment: &[(OsString, OsString)]) -> Option<&Path> {
    let told = |name| variable(platform, environment, name).filter(|home| !home.is_empty());
    let home = told("HOME").or_else(|| (platform == Platform::Windows).then(|| told("USERPROFILE")).flatten());
    home.map(Path::new)
}

fn is_same(platform: Platform, one: &str, other: &str) -> bool {
    if platform == Platform::Windows { one.eq_ignore_ascii_case(other) } else { one == other }
}

/// Whether it is an address with somebody's name or password in it: `https://me:secret@index`, of a proxy also without the scheme.
fn names_a_login(name: &str, value: &OsStr) -> bool {
    let value = value.to_string_lossy();
    let login = |rest: &str| rest.split(['/', ' ']).next().is_some_and(|host| host.contains('@'));
    value.split("://").skip(1).any(login) || (is_proxy(name) && value.contains('@'))
}

fn is_proxy(name: &str) -> bool {
    PROXIES.iter().any(|proxy| proxy.eq_ignore_ascii_case(name))
}

fn is_kept(platform: Platform, name: &str) -> bool {
    let begins_with = |prefix: &&str| name.get(..prefix.len()).is_some_and(|begin| is_same(platform, begin, prefix));
    KEPT.iter().any(|kept| is_same(platform, kept, name))
        || is_proxy(name)
        || (KEPT_PREFIXES.iter().any(begins_with)
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

    fn own(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
        pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
    }

    fn environment_on(platform: Platform, ours: &[(&str, &str)], extra: &[(&str, &str)]) -> BTreeMap<String, String> {
        let text = |value: OsString| value.into_string().unwrap();
        let got = tool_environment(platform, own(ours), own(extra));
        got.into_iter().map(|(name, value)| (text(name), text(value))).collect()
    }

    fn environment(ours: &[(&str, &str)], extra: &[(&str, &str)]) -> BTreeMap<String, String> {
        environment_on(Platform::Linux, ours, extra)
    }

    #[test]
    fn on_windows_names_are_the_same_in_whatever_letters() {
        let ours = [
            ("Path", r"C:\Windows"),
            ("ComSpec", r"C:\Windows\cmd.exe"),
            ("SYSTEMROOT", r"C:\Windows"),
            ("Cuda_Path", r"C:\CUDA"),
            ("UserProfile", r"C:\Users\amick"),
            ("Uv_Index_Lab_Password", "x"),
            ("lab_token", "x"),
        ];
        let got = environment_on(Platform::Windows, &ours, &[]);
        let names: Vec<&str> = got.keys().map(String::as_str).collect();
        assert_eq!(names, ["ComSpec", "Cuda_Path", "Path", "SYSTEMROOT", "UserProfile"]);
        assert_eq!(variable(Platform::Windows, &own(&ours), "PATH"), Some(OsStr::new(r"C:\Windows")));
        assert_eq!(home(Platform::Windows, &own(&ours)), Some(Path::new(r"C:\Users\amick")));
        // Elsewhere they are not.
        assert_eq!(home(Platform::Linux, &own(&[("USERPROFILE", "x"), ("Home", "y")])), None);
        assert_eq!(environment(&[("Path", "/x"), ("home", "/y")], &[]).into_keys().collect::<Vec<_>>(), ["PATH"]);
    }

    #[test]
    fn what_trainings_need_is_kept_and_no_proxy_with_a_login() {
        let kept = [
            ("HF_HOME", "/data/hf"),
            ("HIP_VISIBLE_DEVICES", "0"),
            ("HTTPS_PROXY", "http://proxy.lab:3128"),
            ("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True"),
            ("TORCH_HOME", "/data/torch"),
            ("http_proxy", "proxy.lab:3128"),
            ("no_proxy", "localhost,.lab"),
        ];
        let left = [
            ("HTTP_PROXY", "http://me:x@proxy.lab:3128"),
            ("https_proxy", "me:x@proxy.lab:3128"),
            ("HF_TOKEN", "x"),
            ("PYTORCH_API_KEY", "x"),
            ("TORCH_HOME_2", "x"),
        ];
        let got = environment(&[&kept[..], &left[..]].concat(), &[]);
        let got: Vec<(&str, &str)> = got.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(got.into_iter().filter(|(name, _)| *name != "PATH").collect::<Vec<_>>(), kept);
    }

    #[test]
    fn the_documentation_lists_what_is_kept() {
        let page = include_str!("../../../../docs/admin.md");
        let families = KEPT_PREFIXES.iter().map(|prefix| format!("`{prefix}*`"));
        for named in KEPT.iter().chain(PROXIES).map(|name| format!("`{name}`")).chain(families) {
            assert!(page.contains(&named), "{named}");
        }
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
