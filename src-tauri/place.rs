//! Where the window is on the screens, kept from one start to the next.

use samepath_app::view::PlaceView;
use tauri::{LogicalPosition, LogicalSize, Monitor, Window};

/// How large a window begins, in points.
pub(crate) const FIRST: (f64, f64) = (1280.0, 800.0);
/// How small it may become.
pub(crate) const LEAST: (f64, f64) = (720.0, 480.0);

/// How much of a window's upper edge must be on a screen, so that it can be moved.
const HANDLE: (i32, i32) = (100, 30);

/// A screen, in points.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Screen {
    x: i32,
    y: i32,
    width: u32,
    height: u32,
}

impl Screen {
    pub(crate) fn of(monitor: &Monitor) -> Self {
        let scale = monitor.scale_factor();
        let at: LogicalPosition<i32> = monitor.position().to_logical(scale);
        let size: LogicalSize<u32> = monitor.size().to_logical(scale);
        Self { x: at.x, y: at.y, width: size.width, height: size.height }
    }

    /// How much of a window's upper edge it shows.
    fn shows(&self, place: &PlaceView) -> (i32, i32) {
        let along = |from: i32, length: u32, screen: i32, screen_length: u32| {
            let end = |from: i32, length: u32| from.saturating_add_unsigned(length);
            end(from, length).min(end(screen, screen_length)) - from.max(screen)
        };
        (along(place.x, place.width, self.x, self.width), along(place.y, HANDLE.1.unsigned_abs(), self.y, self.height))
    }
}

/// The same place, on a screen that is there: the one that shows most of its upper edge, else the first. A window that no screen
/// shows so much of that it could be moved goes to that screen's middle, and none is larger than its screen. None without a screen.
pub(crate) fn onto_a_screen(place: PlaceView, screens: &[Screen]) -> Option<PlaceView> {
    let seen = |screen: &&Screen| screen.shows(&place);
    let screen = screens.iter().filter(|screen| seen(screen).0 >= HANDLE.0 && seen(screen).1 >= HANDLE.1);
    let (screen, is_there) = match screen.max_by_key(|screen| seen(screen).0) {
        Some(screen) => (screen, true),
        None => (screens.first()?, false),
    };
    let width = place.width.max(LEAST.0 as u32).min(screen.width);
    let height = place.height.max(LEAST.1 as u32).min(screen.height);
    if is_there {
        return Some(PlaceView { width, height, ..place });
    }
    let middle = |from: i32, all: u32, length: u32| from.saturating_add_unsigned((all - length) / 2);
    let (x, y) = (middle(screen.x, screen.width, width), middle(screen.y, screen.height, height));
    Some(PlaceView { x, y, width, height, ..place })
}

/// Where a window is now; `before` is what is known of it from before it filled its screen. None while it is hidden away.
pub(crate) fn of(window: &Window, before: Option<PlaceView>) -> Option<PlaceView> {
    if window.is_minimized().ok()? || window.is_fullscreen().ok()? {
        return None;
    }
    let maximised = window.is_maximized().ok()?;
    if maximised && let Some(before) = before {
        return Some(PlaceView { maximised, ..before });
    }
    let scale = window.scale_factor().ok()?;
    let at: LogicalPosition<i32> = window.outer_position().ok()?.to_logical(scale);
    let size: LogicalSize<u32> = window.inner_size().ok()?.to_logical(scale);
    Some(PlaceView { x: at.x, y: at.y, width: size.width, height: size.height, maximised })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAPTOP: Screen = Screen { x: 0, y: 0, width: 1440, height: 900 };
    const BESIDE: Screen = Screen { x: 1440, y: -200, width: 2560, height: 1440 };

    fn place(x: i32, y: i32, width: u32, height: u32) -> PlaceView {
        PlaceView { x, y, width, height, maximised: false }
    }

    #[test]
    fn a_window_is_put_back_where_it_was_as_long_as_there_is_a_screen() {
        let beside = place(2000, -100, 1280, 800);
        assert_eq!(onto_a_screen(beside, &[LAPTOP, BESIDE]), Some(beside));
        // Its screen was taken away: the middle of the one that is there.
        assert_eq!(onto_a_screen(beside, &[LAPTOP]), Some(place(80, 50, 1280, 800)));
        assert_eq!(onto_a_screen(beside, &[]), None);
        // Half over the edge is where somebody put it.
        let over = place(1300, 700, 1280, 800);
        assert_eq!(onto_a_screen(over, &[LAPTOP]), Some(over));
        // What cannot be grasped any more is not.
        for lost in
            [place(1400, 0, 1280, 800), place(-1250, 0, 1280, 800), place(0, 890, 1280, 800), place(0, -40, 1280, 800)]
        {
            assert_eq!(onto_a_screen(lost, &[LAPTOP]), Some(place(80, 50, 1280, 800)), "{lost:?}");
        }
        // A smaller screen, and a window that was smaller than any may be.
        assert_eq!(onto_a_screen(place(0, 0, 2500, 1400), &[LAPTOP]), Some(place(0, 0, 1440, 900)));
        assert_eq!(onto_a_screen(place(5, 5, 0, 0), &[LAPTOP]).map(|it| (it.width, it.height)), Some((720, 480)));
        let far = place(i32::MAX, i32::MIN, u32::MAX, u32::MAX);
        assert_eq!(onto_a_screen(far, &[LAPTOP]), Some(place(0, 0, 1440, 900)));
    }
}
