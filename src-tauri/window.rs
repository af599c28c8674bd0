use crate::StartError;
use crate::error::HAND_OVER;
use crate::streams::{Demonstrations, Streams, WindowUpdate};
use crate::{notices, place};
use samepath_app::instance::{self, Start, Starts};
use samepath_app::view::Keep;
use samepath_app::{App, Error, ErrorCode, Options};
use serde::{Deserialize, Serialize};
use specta::Type;
use tauri::async_runtime::{block_on, spawn};
use tauri::{
    AppHandle, DragDropEvent, LogicalPosition, Manager, RunEvent, State, Theme, WebviewUrl, WebviewWindow,
    WebviewWindowBuilder, Window, WindowEvent, window::Color,
};
use tokio::time::timeout;

pub(crate) const MAIN: &str = "main";

/// Behind the page until it is drawn: `--bg` of `ui/src/app.css`, light and dark.
const GROUND: [Color; 2] = [Color(0xfb, 0xfb, 0xfa, 0xff), Color(0x16, 0x16, 0x15, 0xff)];

/// Where the page finds what is kept before it is drawn for the first time.
const KEPT: &str = "__SAMEPATH_KEPT__";
/// Likewise, what is known already.
const KNOWN: &str = "__SAMEPATH_KNOWN__";

/// Starts the program, with a worker of its own, and shows it until the window is closed. Where it runs already, that window is shown.
/// It opens `files`: paths, or storage paths.
pub fn run(options: Options, files: Vec<String>) -> Result<(), StartError> {
    // The first value keeps any other window away until this one's worker has gone, too.
    let (_held, starts) = match block_on(instance::begin(&options, &files))? {
        Start::First(held, starts) => (held, starts),
        Start::Shown => return Ok(()),
    };
    let app = block_on(async {
        let app = App::for_window(options).await?;
        app.keep_watch();
        if app.kept().worker {
            app.run_worker(None, None);
        }
        Ok::<_, Error>(app)
    })?;

    let bindings = crate::bindings();
    let faceless = app.clone();
    let mut starts = Some(starts);
    let mut hearing = None;
    let streams = Streams::default();
    if !files.is_empty() {
        streams.tell(MAIN, WindowUpdate::Opened(files));
    }
    let builder = tauri::Builder::default();
    #[cfg(target_os = "macos")]
    let builder = builder.menu(crate::menu::build).on_menu_event(crate::menu::choose);
    builder
        .manage(app)
        .manage(streams)
        .manage(Demonstrations::default())
        .invoke_handler(bindings.invoke_handler())
        .setup(|app| Ok(open(app.handle()).map(drop)?))
        .on_window_event(attend)
        .build(tauri::generate_context!())?
        .run(move |handle, event| match event {
            RunEvent::Ready => {
                notices::begin(handle);
                hearing = starts.take().map(|starts| spawn(hear(handle.clone(), starts)));
            }
            RunEvent::Exit => {
                // Whoever starts it from now on is the next.
                if let Some(hearing) = hearing.take() {
                    hearing.abort();
                }
                // Made inside: a deadline is the runtime's.
                if block_on(async { timeout(HAND_OVER, faceless.shut_down()).await }).is_err() {
                    tracing::warn!("the queue was not handed over in time; whoever opens it next takes it");
                }
            }
            // Clicked in the Dock.
            #[cfg(target_os = "macos")]
            RunEvent::Reopen { .. } => show(handle),
            _ => {}
        });
    Ok(())
}

/// Opens the window where it was, if that is on a screen.
fn open(handle: &AppHandle) -> tauri::Result<WebviewWindow> {
    let app = handle.state::<App>();
    let kept = app.kept();
    // JSON is JavaScript; what is kept and what is known can always be written so.
    let kept_script = serde_json::to_string(&kept).unwrap_or_else(|_| "{}".to_owned());
    let known_script = serde_json::to_string(&app.known_at_first()).unwrap_or_else(|_| "[]".to_owned());
    let script = format!("window.{KEPT} = {kept_script}; window.{KNOWN} = {known_script};");
    let screens: Vec<_> = handle.available_monitors()?.iter().map(place::Screen::of).collect();
    let put = kept.place.and_then(|kept| place::onto_a_screen(kept, &screens));
    let builder = WebviewWindowBuilder::new(handle, MAIN, WebviewUrl::default())
        .title("Samepath")
        .initialization_script(script)
        // An invitation is pasted at a button.
        .enable_clipboard_access()
        .min_inner_size(place::LEAST.0, place::LEAST.1);
    let builder = match put {
        None => builder.inner_size(place::FIRST.0, place::FIRST.1),
        Some(put) => builder
            .inner_size(f64::from(put.width), f64::from(put.height))
            .position(f64::from(put.x), f64::from(put.y))
            .maximized(put.maximised),
    };
    let window = builder.build()?;
    let dark = match kept.looks.appearance.as_str() {
        "dark" => true,
        "light" => false,
        _ => window.theme()? == Theme::Dark,
    };
    window.set_background_color(Some(GROUND[usize::from(dark)]))?;
    if let Some(put) = put.filter(|put| !put.maximised) {
        // Some window systems place a window by themselves unless they are told when it is there.
        window.set_position(LogicalPosition::new(put.x, put.y))?;
    }
    Ok(window)
}

/// Brings the window to the front.
pub(crate) fn show(handle: &AppHandle) {
    let Some(window) = handle.get_webview_window(MAIN) else { return };
    let shown = window.unminimize().and_then(|()| window.show()).and_then(|()| window.set_focus());
    if let Err(error) = shown {
        tracing::debug!(%error, "the window cannot be brought to the front");
    }
}

/// Answers further starts.
async fn hear(handle: AppHandle, starts: Starts) {
    loop {
        let files = starts.next().await;
        show(&handle);
        if !files.is_empty() {
            handle.state::<Streams>().tell(MAIN, WindowUpdate::Opened(files));
        }
    }
}

fn attend(window: &Window, event: &WindowEvent) {
    let streams = window.state::<Streams>();
    match event {
        WindowEvent::CloseRequested { api, .. } => {
            let (attended, jobs) = before_the_end(window);
            match Closing::of(cfg!(target_os = "macos"), attended, !jobs.is_empty()) {
                Closing::Ends => {}
                Closing::Asks => {
                    streams.tell(window.label(), WindowUpdate::QuitAsked(jobs));
                    api.prevent_close();
                }
                Closing::Hides => match window.hide() {
                    Ok(()) => api.prevent_close(),
                    Err(error) => tracing::warn!(%error, "the window cannot be put away: it is closed"),
                },
            }
        }
        // Whoever goes elsewhere has put the window where they want it.
        WindowEvent::Focused(false) => keep_place(window),
        WindowEvent::DragDrop(DragDropEvent::Enter { .. }) => {
            streams.tell(window.label(), WindowUpdate::DragEntered);
        }
        WindowEvent::DragDrop(DragDropEvent::Leave) => {
            streams.tell(window.label(), WindowUpdate::DragLeft);
        }
        WindowEvent::DragDrop(DragDropEvent::Drop { paths, .. }) => {
            let paths = paths.iter().filter_map(|path| path.to_str().map(str::to_owned)).collect();
            streams.tell(window.label(), WindowUpdate::Dropped(paths));
        }
        WindowEvent::Destroyed => streams.forget(window.label()),
        _ => {}
    }
}

/// Keeps what the next start wants to know. Whether somebody is there to answer, and the jobs, by name, that run here.
fn before_the_end(window: &Window) -> (bool, Vec<String>) {
    keep_place(window);
    let attended = window.state::<Streams>().is_attended(window.label());
    if attended && let Err(error) = window.state::<App>().keep_visit() {
        tracing::warn!(%error, "until when the window was open cannot be kept");
    }
    (attended, window.state::<App>().jobs_here().into_iter().map(|job| job.name).collect())
}

/// Ends the program; where a job runs here, asks first.
#[cfg(target_os = "macos")]
pub(crate) fn end(handle: &AppHandle) {
    let Some(window) = handle.get_webview_window(MAIN) else { return handle.exit(0) };
    let (attended, jobs) = before_the_end(&window.as_ref().window());
    if attended && !jobs.is_empty() {
        show(handle);
        handle.state::<Streams>().tell(MAIN, WindowUpdate::QuitAsked(jobs));
    } else {
        handle.exit(0);
    }
}

/// What the button that closes the window does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Closing {
    /// It ends the program.
    Ends,
    /// Jobs that run here would end with it: the person says.
    Asks,
    /// The program stays in the Dock, with its worker.
    Hides,
}

impl Closing {
    /// A page that does not answer can be closed everywhere.
    fn of(mac: bool, attended: bool, busy: bool) -> Self {
        match (mac, attended, busy) {
            (_, false, _) | (false, true, false) => Self::Ends,
            (false, true, true) => Self::Asks,
            (true, true, _) => Self::Hides,
        }
    }
}

fn keep_place(window: &Window) {
    let app = window.state::<App>();
    if let Some(place) = place::of(window, app.kept().place)
        && let Err(error) = app.keep(Keep::Place(place))
    {
        tracing::warn!(%error, "where the window is cannot be kept");
    }
}

/// What becomes of the jobs that run on this computer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub(crate) enum QuitMode {
    /// They save first.
    Stop,
    /// They end at once.
    Kill,
}

/// Closes the window as its own button does: where a job runs here, it asks first.
#[tauri::command]
#[specta::specta]
pub(crate) async fn close_window(window: WebviewWindow) -> Result<(), Error> {
    window.close().map_err(|error| Error::new(ErrorCode::Internal, format!("The window does not close: {error}.")))
}

/// Ends the jobs that run on this computer, then the program. Answers only when a job cannot be ended.
#[tauri::command]
#[specta::specta]
pub(crate) async fn quit(handle: AppHandle, app: State<'_, App>, mode: QuitMode) -> Result<(), Error> {
    app.end_jobs_here(mode == QuitMode::Kill).await?;
    handle.exit(0);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Closing, GROUND};

    #[test]
    fn a_macs_window_is_put_away_where_others_end_the_program_or_ask() {
        let of = |mac| [false, true].map(|busy| Closing::of(mac, true, busy));
        assert_eq!(of(false), [Closing::Ends, Closing::Asks]);
        assert_eq!(of(true), [Closing::Hides; 2]);
        assert_eq!([false, true].map(|mac| Closing::of(mac, false, true)), [Closing::Ends; 2], "nobody would answer");
    }

    #[test]
    fn what_is_behind_the_page_is_what_the_page_has_for_a_ground() {
        let css = include_str!("../ui/src/app.css");
        let after = |what: &str| css.split_once(what).expect("it is there").1;
        for (color, rule) in GROUND.iter().zip([":root", ":root[data-dark]"]) {
            let ground = after(&format!("{rule} {{")).split_once("--bg: ").expect("it has one").1;
            assert!(ground.starts_with(&format!("#{:02x}{:02x}{:02x};", color.0, color.1, color.2)), "{rule}");
        }
    }
}
