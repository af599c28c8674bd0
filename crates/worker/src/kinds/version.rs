//! Of which version a program is that came as a Python package.

use std::path::Path;

/// What its installer wrote of the package that is called like the program, in the environment that the program lies in; none where
/// there is nothing of that. The program is not run: SLEAP's takes seconds to say it.
///
/// A virtual environment, one of conda, pipx or uv, `pip install --user` and the system's Python all put `bin/NAME` beside
/// `lib/python3.x/site-packages/PACKAGE-VERSION.dist-info` (Debian: `dist-packages`; Windows: `Scripts` beside `Lib`). A package's name is
/// written there as the packaging specifications say: small, with `_` for each run of `-`, `_` and `.`.
pub(crate) fn version_of(program: &Path) -> Option<String> {
    // What lies on the search path is often a link into the environment.
    let program = program.canonicalize().ok()?;
    let wanted = as_written(program.file_stem()?.to_str()?);
    let environment = program.parent()?.parent()?;
    let windows = [environment.join("Lib")];
    let pythons = folders(&environment.join("lib")).chain(folders(&environment.join("lib64"))).chain(windows);
    let packages = pythons.flat_map(|python| ["site-packages", "dist-packages"].map(|name| python.join(name)));
    packages.filter_map(|packages| packages.read_dir().ok()).flatten().find_map(|entry| {
        let name = entry.ok()?.file_name();
        let (package, version) = name.to_str()?.strip_suffix(".dist-info")?.split_once('-')?;
        (as_written(package) == wanted).then(|| version.to_owned())
    })
}

fn folders(of: &Path) -> impl Iterator<Item = std::path::PathBuf> + use<> {
    of.read_dir().into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()))
}

fn as_written(name: &str) -> String {
    let parts = name.split(['-', '_', '.']).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("_").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::version_of;
    use std::path::Path;

    fn install(environment: &Path, info: &str) {
        fs_err::create_dir_all(environment.join("bin")).unwrap();
        fs_err::write(environment.join("bin/sleap-nn"), "#!/usr/bin/env python3\n").unwrap();
        fs_err::create_dir_all(environment.join(info)).unwrap();
    }

    #[test]
    fn it_is_read_beside_the_program_through_a_link_to_it() {
        let home = tempfile::tempdir().unwrap();
        let environment = home.path().join("tools/sleap-nn");
        let packages = "lib/python3.12/site-packages";
        install(&environment, &format!("{packages}/numpy-2.1.0.dist-info"));
        assert_eq!(version_of(&environment.join("bin/sleap-nn")), None, "another package's is not meant");
        for (info, version) in [("sleap_nn_extras-9.0.dist-info", None), ("sleap_nn-0.3.5.dist-info", Some("0.3.5"))] {
            install(&environment, &format!("{packages}/{info}"));
            assert_eq!(version_of(&environment.join("bin/sleap-nn")).as_deref(), version);
        }
        #[cfg(unix)]
        {
            fs_err::create_dir(home.path().join("bin")).unwrap();
            let link = home.path().join("bin/sleap-nn");
            fs_err::os::unix::fs::symlink(environment.join("bin/sleap-nn"), &link).unwrap();
            assert_eq!(version_of(&link).as_deref(), Some("0.3.5"));
        }
    }

    #[test]
    fn the_package_may_be_written_as_before_the_specification() {
        let environment = tempfile::tempdir().unwrap();
        install(environment.path(), "lib/python3/dist-packages/Sleap.NN-0.2.0.dist-info");
        assert_eq!(version_of(&environment.path().join("bin/sleap-nn")).as_deref(), Some("0.2.0"));
    }

    #[test]
    fn where_nothing_is_written_nothing_is_said() {
        let environment = tempfile::tempdir().unwrap();
        install(environment.path(), "lib");
        assert_eq!(version_of(&environment.path().join("bin/sleap-nn")), None);
        assert_eq!(version_of(&environment.path().join("bin/other")), None, "it is not there");
    }
}
