//! A value never becomes code.

use super::*;

#[test]
fn a_value_never_becomes_a_command_a_script_or_code() {
    for words in [
        &["{{Param.X}}"][..],
        &["/opt/{{Param.X}}"],
        &["{{RawParam.X}}", "a"],
        &["{{ 'a' + Param.X.upper() }}"],
        &["sh", "-c", "{{Param.X}}"],
        &["/bin/sh", "-c", "echo {{Param.X}}"],
        &["sh", "-c", "echo {{repr_sh(Param.X)}}"],
        &["bash", "-lc", "{{Param.X}}"],
        &["bash", "-e", "-o", "pipefail", "-c", "{{Param.X}}"],
        &["bash", "-o", "pipefail", "{{Param.X}}"],
        &["bash", "-c", "-e", "-o", "pipefail", "{{Param.X}}"],
        &["bash", "{{Param.X}}"],
        &["bash", "-{{Param.X}}", "id"],
        &["bash", "--rcfile", "{{Param.X}}", "-i"],
        &["zsh", "-c", "{{Param.X}}"],
        &["fish", "--command={{Param.X}}"],
        &["python", "-c", "{{Param.X}}"],
        &["python3.11", "-c", "print('{{Param.X}}')"],
        &["/usr/bin/python3", "-uc", "{{Param.X}}"],
        &["python", "-c{{Param.X}}"],
        &["python", "-W", "ignore", "-c", "{{Param.X}}"],
        &["python", "-m", "{{Param.X}}"],
        &["python", "{{Param.X}}"],
        &["python", "-{{Param.X}}", "y"],
        &["C:\\Python\\python.exe", "-c", "{{Param.X}}"],
        &["perl", "-e", "{{Param.X}}"],
        &["perl", "-ne", "{{Param.X}}"],
        &["node", "-e", "{{Param.X}}"],
        &["node", "--eval={{Param.X}}"],
        &["node", "--require", "{{Param.X}}", "a.js"],
        &["ruby", "-e", "{{Param.X}}"],
        &["cmd", "/c", "{{Param.X}}"],
        &["cmd.exe", "/C", "dir", "{{Param.X}}"],
        &["powershell", "-Command", "{{Param.X}}"],
        &["pwsh", "-NoProfile", "-c", "{{Param.X}}"],
        &["pwsh", "-Command", "Get-Item", "{{Param.X}}"],
        &["powershell.exe", "-enc", "{{Param.X}}"],
        &["powershell", "{{Param.X}}"],
        &["env", "{{Param.X}}"],
        &["env", "A=b", "python", "-c", "{{Param.X}}"],
        &["env", "{{Param.X}}", "sleap-nn"],
        &["env", "LD_PRELOAD={{Param.X}}", "sleap-nn"],
        &["env", "-S", "python -c {{Param.X}}"],
        &["/usr/bin/env", "python3", "-c", "{{Param.X}}"],
        &["nice", "-n", "5", "{{Param.X}}"],
        &["nice", "-n", "5", "bash", "-c", "{{Param.X}}"],
        &["timeout", "10", "{{Param.X}}"],
        &["sudo", "-u", "bob", "{{Param.X}}"],
        &["conda", "run", "-n", "sleap", "{{Param.X}}"],
        &["conda", "run", "-n", "sleap", "python", "-c", "{{Param.X}}"],
        &["uv", "run", "--with", "numpy", "python", "-c", "{{Param.X}}"],
        &["uv", "{{Param.X}}"],
        &["ssh", "gpu-1", "sleap-nn train {{Param.X}}"],
        &["xargs", "-n", "1", "{{Param.X}}"],
        &["srun", "bash", "-c", "{{Param.X}}"],
        &["nice", "sudo", "-u", "bob", "env", "A=b", "bash", "-c", "{{Param.X}}"],
        &["conda", "run", "-n", "python", "python", "-c", "{{Param.X}}"],
        &["docker", "run", "--rm", "image", "bash", "{{Param.X}}"],
        &["tool-of-a-lab", "--in", "container", "python", "-c", "{{Param.X}}"],
    ] {
        let error = command_line(words).expect_err(&format!("accepted: {words:?}"));
        let named = matches!(&error, TemplateError::InCommand { parameter, .. } | TemplateError::InCode { parameter, .. } if parameter == "X");
        assert!(named, "{words:?}: {error}");
        assert!(error.to_string().contains("onRun"), "{words:?}: {error}");
    }
}

#[test]
fn values_may_be_arguments() {
    for words in [
        &["sleap-nn", "train", "{{Param.X}}"][..],
        &["sleap-nn", "train", "data={{Param.X}}", "--name={{Param.X}}"],
        &["sleap-nn", "train", "--config", "{{Param.X}}", "-c", "{{Param.X}}"],
        &["sh", "-c", "exec tool \"$1\"", "sh", "{{Param.X}}"],
        &["python", "-c", "import sys; print(sys.argv[1])", "{{Param.X}}"],
        &["python", "-m", "tool", "{{Param.X}}"],
        &["python3", "-u", "/opt/tool.py", "-c", "{{Param.X}}"],
        &["bash", "-e", "/opt/tool.sh", "{{Param.X}}"],
        &["node", "/opt/tool.js", "{{Param.X}}"],
        &["powershell", "-ExecutionPolicy", "Bypass", "-File", "tool.ps1", "{{Param.X}}"],
        &["env", "A=b", "sleap-nn", "{{Param.X}}"],
        &["nice", "-n", "5", "sleap-nn", "{{Param.X}}"],
        &["timeout", "-k", "5", "10", "sleap-nn", "{{Param.X}}"],
        &["conda", "run", "-n", "sleap", "sleap-nn", "{{Param.X}}"],
        &["uv", "run", "sleap-nn", "{{Param.X}}"],
        &["tool", "{{Param.X.upper()}}"],
        &["tool", "--backend", "python", "{{Param.X}}"],
        &["docker", "run", "--rm", "image", "sleap-nn", "{{Param.X}}"],
        &["tool"],
    ] {
        command_line(words).unwrap_or_else(|error| panic!("{words:?}: {error}"));
    }
}

#[test]
fn a_value_in_a_script_is_refused_unless_a_shell_gets_it_quoted() {
    let shell = &["bash", "{{Task.File.Run}}"];
    for (words, data) in [
        (&shell[..], "echo {{Param.X}}\n"),
        (shell, "echo '{{Param.X}}'\n"),
        (shell, "echo \"{{repr_sh(Param.X)}}\"\n"),
        (shell, "echo '{{repr_sh(Param.X)}}'\n"),
        (shell, "echo \\{{repr_sh(Param.X)}}\n"),
        (shell, "echo ${{repr_sh(Param.X)}}\n"),
        (shell, "cat <<E\n{{repr_sh(Param.X)}}\nE\n"),
        (shell, "echo `echo {{repr_sh(Param.X)}}`\n"),
        (shell, "echo $'it\\'s' {{repr_sh(Param.X)}}\n"),
        (shell, "eval {{repr_sh(Param.X)}}\n"),
        (shell, "# {{repr_sh(Param.X)}}\n"),
        (shell, "echo {{repr_sh(Param.X) + Param.X}}\n"),
        (shell, "echo {{repr_sh(Param.X)[1:]}}\n"),
        (shell, "echo {{Param.X if repr_sh(Param.X) == '' else Param.X}}\n"),
        (shell, "echo {{ repr_sh('') + ')' + Param.X + ('x') }}\n"),
        (shell, "{{repr_sh(Param.X)}} now\n"),
        (shell, "A=b {{repr_sh(Param.X)}}\n"),
        (shell, ">log {{repr_sh(Param.X)}}\n"),
        (shell, "> log {{repr_sh(Param.X)}}\n"),
        (shell, "true; {{repr_sh(Param.X)}}\n"),
        (shell, "true && exec {{repr_sh(Param.X)}}\n"),
        (shell, "if {{repr_sh(Param.X)}}; then true; fi\n"),
        (shell, "echo $({{repr_sh(Param.X)}})\n"),
        (shell, "bash -c {{repr_sh(Param.X)}}\n"),
        (shell, "nice -n 5 python -c {{repr_sh(Param.X)}}\n"),
        (shell, "python \\\n  -c {{repr_sh(Param.X)}}\n"),
        (shell, "'ba'sh -c {{repr_sh(Param.X)}}\n"),
        (shell, "source {{repr_sh(Param.X)}}\n"),
        (shell, ". {{repr_sh(Param.X)}}\n"),
        (shell, "$TOOL -c {{repr_sh(Param.X)}}\n"),
        (shell, "echo {{repr_sh(Param.X)}} 'open\n"),
        (&["python", "{{Task.File.Run}}"], "print({{repr_sh(Param.X)}})\n"),
        (&["python", "{{Task.File.Run}}"], "print({{repr_py(Param.X)}})\n"),
        (&["{{Task.File.Run}}"], "#!/usr/bin/env python\nprint({{repr_sh(Param.X)}})\n"),
        (&["tool", "{{Task.File.Run}}"], "x = {{Param.X}}\n"),
    ] {
        let error = with_file(words, data).expect_err(&format!("accepted: {words:?} {data:?}"));
        let named = matches!(&error, TemplateError::InScript { parameter, file } if parameter == "X" && file == "Run");
        assert!(named, "{words:?} {data:?}: {error}");
    }
    for (words, data) in [
        (&shell[..], "tool {{repr_sh(Param.X)}} 'it is' \"$HOME\" # it's\n"),
        (shell, "A='x y'\nif true; then tool --x={{ repr_sh(Param.X) }}; fi\n"),
        (shell, "echo nothing\n"),
        (
            shell,
            "set -e\nCONFIG={{repr_sh(Param.X)}}\npython /opt/tool.py \\\n  --config {{repr_sh(Param.X)}} > log 2>&1\n",
        ),
        (&["{{Task.File.Run}}", "{{Param.X}}"], "#!/bin/sh\ntool {{repr_sh(Param.X)}}\n"),
        (&["{{Task.File.Run}}", "{{Param.X}}"], "#!/usr/bin/env bash\ntool \"$1\"\n"),
        (&["python", "{{Task.File.Run}}", "{{Param.X}}"], "import sys\n"),
    ] {
        with_file(words, data).unwrap_or_else(|error| panic!("{words:?} {data:?}: {error}"));
    }
}

#[test]
fn embedded_files_stay_in_the_attempts_folder() {
    for name in ["../up", "a/b", "..", ".", "C:x", "a\\b"] {
        let mut document = template(x(), json!({ "command": "bash", "args": ["{{Task.File.Run}}"] }));
        document["steps"][0]["script"]["embeddedFiles"] =
            json!([{ "name": "Run", "type": "TEXT", "filename": name, "data": "echo" }]);
        assert!(accept(document).is_err(), "{name}");
    }
}
