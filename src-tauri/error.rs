use std::time::Duration;

/// Why the window could not be opened, or was left without its data.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The program without a face did not start.
    #[error("Samepath could not start")]
    App(#[from] samepath_app::Error),
    /// The window system refused.
    #[error("the window could not be opened")]
    Window(#[from] tauri::Error),
}

impl StartError {
    /// What to do.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::App(error) => error.hint.as_deref(),
            Self::Window(_) => Some("The window needs a graphical session; without one, use the command line."),
        }
    }
}

/// How long quitting waits for the queue to be handed over.
pub(crate) const HAND_OVER: Duration = Duration::from_secs(3);
