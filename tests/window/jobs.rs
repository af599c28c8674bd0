use crate::desk::Desk;
use crate::driver::wait_for;
use crate::native::choose;
use crate::open::{runs, until_ended};
use serde_json::json;
use std::fs;
use std::path::Path;

#[test]
fn a_job_is_watched_stopped_and_another_killed() {
    let (desk, maze) = Desk::with_maze();
    desk.add_kind("train", "Train for long", &desk.training());
    let mine = desk.sign("deaf");
    let deaf = format!("trap '' INT\necho $$ > '{}'\nwhile :; do echo on; sleep 0.05; done\n", mine.display());
    desk.add_kind("deaf", "Listen to nobody", &deaf);
    let window = desk.open();

    window.submit(&maze.join("labels.slp"), "Train for long", "day 3");
    window.wait_for_text_in("table", "Jobs", "1/10");
    desk.end_epoch(1);
    desk.end_epoch(2);
    // The log is opened late, and has the first line all the same; then each as it comes.
    window.wait_for_text_in("table", "Jobs", "3/10");
    window.click("tab", "Log");
    let log = window.wait_for_text_in("log", "Log", "epoch 3: training loss 0.69");
    assert!(log.contains("epoch 1: training loss 0.83"), "{log}");
    assert!(!log.contains("epoch 4"), "{log}");
    desk.end_epoch(3);
    window.wait_for_text_in("log", "Log", "epoch 4: training loss 0.62");
    window.wait_for_text_in("table", "Jobs", "4/10");

    window.click("button", "Stop…");
    let question = window.wait_for_text_in("dialog", "Stop day 3?", "Results so far stay.");
    assert!(question.contains("save"), "{question}");
    window.click("button", "Go on running");
    window.wait_until_gone("dialog", "Stop day 3?");
    desk.end_epoch(4);
    window.wait_for_text_in("log", "Log", "epoch 5");
    window.click("button", "Stop…");
    window.click("button", "Stop and save");
    window.wait_for_text_in("table", "Jobs", "Cancelled");
    window.wait_for_text_in("log", "Log", "saving");
    window.click("tab", "Overview");
    window.wait_for_text_in("region", "Job day 3", "amick");
    window.click("tab", "Results");
    window.wait_for_text_in("region", "1 file", "last.ckpt");

    window.submit(&maze.join("labels.slp"), "Listen to nobody", "day 4");
    window.wait_for_text_in("region", "Job day 4", "Running");
    let process = wait_for("the script's id", || fs::read_to_string(&mine).ok()?.trim().parse::<u32>().ok());
    window.click("button", "Stop…");
    window.click("button", "Stop and save");
    window.wait_for_text_in("region", "Job day 4", "Saving…");
    assert!(runs(process), "it does not listen");
    window.click("button", "Kill now");
    window.wait_for_text_in("dialog", "Kill now?", "What is not saved is lost");
    window.click("button", "Wait");
    window.wait_until_gone("dialog", "Kill now?");
    window.click("button", "Kill now");
    window.click("button", "Kill");
    window.wait_for_text_in("region", "Job day 4", "Cancelled");
    wait_for("the script to end", || (!runs(process)).then_some(()));
}

#[test]
fn closing_asks_only_while_this_computer_runs_a_job() {
    let (desk, maze) = Desk::with_maze();
    desk.add_kind("train", "Train for long", &desk.training());
    let window = desk.open();
    let process = window.process();
    window.submit(&maze.join("labels.slp"), "Train for long", "day 3");
    window.wait_for_text_in("table", "Jobs", "1/10");

    window.close();
    window.wait_for_text_in("dialog", "1 job runs on this computer", "day 3");
    window.click("button", "Keep Samepath open");
    window.wait_until_gone("dialog", "1 job runs on this computer");
    desk.end_epoch(1);
    window.wait_for_text_in("table", "Jobs", "2/10");

    window.close();
    window.click("button", "Stop it, saving, and quit");
    until_ended(process);
    drop(window);

    let window = desk.open();
    window.go("Jobs");
    window.wait_for_text_in("table", "Jobs", "Cancelled");
    window.click_beginning("cell", "Cancelled");
    window.click("tab", "Results");
    window.wait_for_text_in("region", "1 file", "last.ckpt");
    window.quit();
}

#[test]
fn a_job_that_fails_says_why_and_is_tried_again() {
    let (desk, maze) = Desk::with_maze();
    let mended = desk.sign("mended");
    let script = format!(
        "echo reading\n[ -e '{}' ] && exit 0\necho 'cuDNN: no device was found' >&2\nexit 3\n",
        mended.display()
    );
    desk.add_kind("fails", "Fail", &script);
    let window = desk.open();
    window.submit(&maze.join("labels.slp"), "Fail", "day 5");

    let card = window.wait_for_text_in("region", "Job day 5", "code 3");
    assert!(card.contains("cuDNN: no device was found"), "{card}");
    window.click("button", "Open log at the error");
    window.wait_for_text_in("log", "Log", "cuDNN: no device was found");
    window.click("tab", "Overview");
    window.click("button", "Retry");
    window.wait_for_text_in("region", "Job day 5", "try 2");
    window.wait_for_text_in("region", "Job day 5", "Failed");
    fs::write(mended, "").unwrap();
    window.click("button", "Retry");
    let told = window.wait_for_text_in("region", "Job day 5", "Done");
    assert!(told.contains("try 3"), "{told}");
    // Whatever is too short to be told of on its own, each try is given to a worker.
    assert_eq!(told.matches("given to").count(), 3, "{told}");
    assert_eq!(told.matches("another try").count(), 2, "{told}");
}

#[test]
fn a_training_shows_its_losses_and_goes_on_from_where_it_failed() {
    let (desk, maze) = Desk::with_maze();
    let parameters = [
        json!({ "name": "RESUME_FROM", "type": "PATH", "dataFlow": "IN", "default": "" }),
        json!({ "name": "BATCH_SIZE", "type": "INT", "default": 0, "minValue": 0 }),
    ];
    desk.add_kind_with("model", "Train a model", &parameters, TRAINING);
    let shown = desk.sign("shown");
    desk.add_program("xdg-open", &format!("echo \"$1\" > '{}'\n", shown.display()));
    let window = desk.open();
    window.submit(&maze.join("labels.slp"), "Train a model", "day 6");

    let card = window.wait_for_text_in("region", "Job day 6", "GPU memory");
    assert!(card.contains("torch.OutOfMemoryError: CUDA out of memory"), "{card}");
    window.wait_for_element("img", "3 epochs: Training 0.2, Validation 0.15, best 0.15 at epoch 3");
    window.wait_for_text_in("region", "Losses", "Epoch 3 of 10");
    let drawn = "const canvas = document.querySelector('.plot canvas'); if (!canvas) return 0; \
                 return new Set(new Uint32Array(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size";
    wait_for("a chart that is drawn", || (window.script(drawn).as_u64()? > 3).then_some(()));
    window.click("button", "Open log at the error");
    window.wait_for_text_in("log", "Log", "torch.OutOfMemoryError");
    window.click("tab", "Overview");

    window.click("button", "Continue from epoch 3 with batch size 4");
    wait_for("another job that is done", || window.row("Jobs", "Done"));
    window.click("tab", "Results");
    window.wait_for_text_in("region", "1 file", "model.txt");
    window.click("button", "Show results");
    let folder = wait_for("the file manager", || fs::read_to_string(&shown).ok().filter(|said| said.ends_with('\n')));
    let model = fs::read_to_string(Path::new(folder.trim()).join("model.txt")).unwrap();
    assert_eq!(model, "went on from last.ckpt with 4\n");
}

#[test]
fn into_the_results_of_a_training_goes_nothing_and_the_next_goes_on_from_them() {
    let (desk, maze) = Desk::with_maze();
    let parameters = [
        json!({ "name": "RESUME_FROM", "type": "PATH", "dataFlow": "IN", "default": "" }),
        json!({ "name": "BATCH_SIZE", "type": "INT", "default": 0, "minValue": 0 }),
    ];
    desk.add_kind_with("model", "Train a model", &parameters, TRAINING);
    let window = desk.open();
    window.submit(&maze.join("labels.slp"), "Train a model", "day 8");
    window.wait_for_text_in("region", "Job day 8", "GPU memory");
    let results = || fs::read_dir(maze.join("model")).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let [first] = results().try_into().unwrap();

    window.go("New job");
    window.open_dataset(&maze.join("labels.slp"));
    window.choose("Job type", "Train a model");
    window.click("button", "Change the results folder");
    choose(&desk.display, "Choose a folder for the results", &first);
    let name = first.file_name().unwrap().to_str().unwrap();
    let beside = format!("{name}-2");
    window.wait_for_element("radio", &format!("New folder {beside}"));
    window.click("radio", &format!("Continue from epoch 3, with results in the new folder {beside}"));
    window.fill("Name", "day 9");
    window.wait_for_text("Ready. ");
    window.click("button", "Submit");
    window.click("button", "Show job");
    window.wait_for_text_in("region", "Job day 9", "Done");
    let model = fs::read_to_string(maze.join("model").join(&beside).join("model.txt")).unwrap();
    assert_eq!(model, "went on from last.ckpt with 0\n");
    assert_eq!(results().len(), 2);
    assert!(!first.join("model.txt").exists(), "nothing was put there");
}

#[test]
fn predictions_are_opened_in_sleap_which_stays_when_the_window_goes() {
    let (desk, maze) = Desk::with_maze();
    desk.add_kind("predict", "Predict", "echo found > \"$2/labels.predictions.slp\"\n");
    let (opened, go, after) = (desk.sign("opened"), desk.sign("go"), desk.sign("after"));
    let window = desk.open();
    window.submit(&maze.join("labels.slp"), "Predict", "day 7");
    window.wait_for_text_in("table", "Jobs", "Done");
    window.click("tab", "Results");
    window.wait_for_text_in("region", "1 file", "labels.predictions.slp");
    assert!(!window.has("button", "Open in SLEAP"), "it is not on this computer");
    window.quit();

    let script = format!(
        "echo \"$1\" > '{opened}.part'\nmv '{opened}.part' '{opened}'\nuntil [ -e '{go}' ]; do sleep 0.02; done\necho > '{after}'\n",
        opened = opened.display(),
        go = go.display(),
        after = after.display()
    );
    desk.add_program("sleap-label", &script);
    let window = desk.open();
    window.go("Jobs");
    window.click_beginning("cell", "Done");
    window.click("tab", "Results");
    window.click("button", "Open in SLEAP");
    let file = wait_for("SLEAP to open", || fs::read_to_string(&opened).ok());
    assert_eq!(fs::read_to_string(file.trim()).unwrap(), "found\n");
    window.quit();
    fs::write(go, "").unwrap();
    wait_for("SLEAP to go on by itself", || after.exists().then_some(()));
}

/// Runs out of memory after three epochs; goes on from what it left.
const TRAINING: &str = r#"
if [ -n "$3" ]; then
  echo "went on from $(basename "$3") with $4" > "$2/model.txt"
  exit 0
fi
for n in 1 2 3; do
  echo "samepath_metrics: {\"run\": \"maze\", \"epoch\": $n, \"of\": 10, \"batch_size\": 8, \"values\": {\"train/loss\": 0.$((5 - n)), \"val/loss\": 0.$((4 - n))5}}"
done
mkdir "$2/maze"
echo half > "$2/maze/last.ckpt"
echo 'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.'
echo 'samepath_failure: {"cause": "gpu_memory", "message": "the GPU ran out of memory at epoch 4 of 10.", "last_line": "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB."}'
exit 1
"#;
