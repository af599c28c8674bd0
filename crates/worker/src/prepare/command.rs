//! The command line, and the files that the template carries.

use super::Request;
use super::failure::internal;
use crate::guard::unwritable;
use crate::kinds::{File, Resolved, Unresolvable, Values};
use samepath_wire::Failure;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// What was written, and what the program is given.
pub(super) struct Command {
    pub(super) args: Vec<OsString>,
    pub(super) working_dir: PathBuf,
    /// The template's embedded files, by name.
    pub(super) files: BTreeMap<String, PathBuf>,
}

/// Writes the embedded files and computes the arguments.
pub(super) fn write(request: &Request<'_>, values: &[(String, String, Resolved)]) -> Result<Command, Failure> {
    let script = request.template.script();
    let unwritten = |error| unwritable(request.worker, request.directory, &error);
    let working_dir = own_folder(request.directory.join("work")).map_err(unwritten)?;
    let files_dir = own_folder(request.directory.join("files")).map_err(unwritten)?;
    let files: BTreeMap<String, PathBuf> =
        script.files.iter().map(|file| (file.name.clone(), files_dir.join(&file.file_name))).collect();
    let computed = |error: Unresolvable| internal("the command line cannot be made", &error);
    let symbols = symbols(request, values, &working_dir, &files).map_err(computed)?;
    for file in &script.files {
        let text = file.data.resolve(&symbols).map_err(computed)?;
        write_file(file, &files[&file.name], &text).map_err(unwritten)?;
    }
    let mut args = Vec::new();
    for arg in &script.args {
        args.extend(arg.resolve_args(&symbols).map_err(computed)?.into_iter().map(OsString::from));
    }
    Ok(Command { args, working_dir, files })
}

fn symbols(
    request: &Request<'_>,
    values: &[(String, String, Resolved)],
    working_dir: &Path,
    files: &BTreeMap<String, PathBuf>,
) -> Result<Values, Unresolvable> {
    let mut symbols = Values::new();
    for (name, kind, value) in values {
        symbols.set_parameter(name, kind, value)?;
    }
    symbols.set_path("Session.WorkingDirectory", &text(working_dir))?;
    symbols.set_no_mapping()?;
    for (name, path) in files {
        symbols.set_path(&format!("Task.File.{name}"), &text(path))?;
    }
    symbols.set_text("Job.Name", &request.template.kind().title)?;
    symbols.set_text("Step.Name", request.template.step_name())?;
    Ok(symbols)
}

/// The attempt's folder is below the state folder, which is ours to name.
fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn own_folder(path: PathBuf) -> io::Result<PathBuf> {
    fs_err::create_dir_all(&path)?;
    only_for_us(&path)?;
    Ok(path)
}

fn write_file(file: &File, path: &Path, text: &str) -> io::Result<()> {
    let text = if file.crlf { text.replace("\r\n", "\n").replace('\n', "\r\n") } else { text.to_owned() };
    fs_err::write(path, text)?;
    only_for_us(path)
}

#[cfg(unix)]
fn only_for_us(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs_err::set_permissions(path, PermissionsExt::from_mode(0o700))
}

#[cfg(not(unix))]
fn only_for_us(_path: &Path) -> io::Result<()> {
    Ok(())
}
