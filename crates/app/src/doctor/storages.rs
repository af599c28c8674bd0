use crate::setup::unusable;
use crate::view::{Finding, FindingState, HealthView, StorageView};
use crate::{Error, ErrorCode, LocalStorages, size};
use samepath_wire::HERE;

const AREA: &str = "storage";

pub(super) fn examine(storages: &LocalStorages) -> Vec<Finding> {
    // All at once, each with its deadline. Only a name can be unknown, and none was given.
    let views = storages.check(None).unwrap_or_default();
    if views.is_empty() {
        let note = Finding::new(AREA, FindingState::Note, "storages", "none is configured");
        return vec![note.mend(format!("Set up {HERE}: samepath setup"))];
    }
    let backends = storages.config().backends();
    std::thread::scope(|scope| {
        let asked: Vec<_> = views
            .iter()
            .map(|view| {
                let backend = backends.iter().find(|backend| backend.name == view.name);
                scope.spawn(move || {
                    let mut findings = of_view(view);
                    let readable = view.health.as_ref().is_some_and(HealthView::is_readable);
                    match backend.filter(|_| readable) {
                        Some(backend) if backend.user_subdir.is_empty() => findings.push(no_folder(&view.name)),
                        Some(backend) => findings.extend(of_folder(storages, backend)),
                        None => {}
                    }
                    findings
                })
            })
            .collect();
        asked.into_iter().flat_map(|asked| asked.join().unwrap_or_default()).collect()
    })
}

fn of_view(view: &StorageView) -> Vec<Finding> {
    // What is configured wrongly is told with the configuration.
    let Some(health) = view.health.as_ref().filter(|_| view.error.is_none()) else { return Vec::new() };
    let at = view.base_path.as_deref().unwrap_or("?");
    let detail = || health.detail.clone().unwrap_or_else(|| format!("{} is {}", view.name, health.words));
    let mut findings = vec![match health.state.as_str() {
        "ready" => Finding::new(AREA, FindingState::Good, &view.name, ready(health, at)),
        "read_only" | "full" => {
            let note = Finding::new(AREA, FindingState::Note, &view.name, detail());
            note.mend("Jobs whose results go elsewhere still run. Else ask whoever looks after it.")
        }
        _ => unusable(&view.name, &detail()),
    }];
    for warning in view.warnings.iter().chain(&health.warning) {
        findings.push(Finding::new(AREA, FindingState::Note, &view.name, warning));
    }
    findings
}

/// "ready at /mnt/vast · nfs4 from vast01:/talmo · 41 TB free · 8 ms"
fn ready(health: &HealthView, at: &str) -> String {
    let mut told = vec![format!("ready at {at}")];
    match (&health.file_system, &health.source) {
        (Some(kind), Some(source)) => told.push(format!("{kind} from {source}")),
        (Some(kind), None) => told.push(kind.clone()),
        _ => {}
    }
    told.extend(health.free_bytes.map(|free| format!("{} free", size(free))));
    told.extend(health.latency_ms.map(|latency| format!("{latency:.0} ms")));
    told.join(" · ")
}

/// Where no folder is the person's own, nothing may be written that nobody asked for. A worker needs none: what its jobs write is
/// tried when they start.
fn no_folder(name: &str) -> Finding {
    let found = "no folder there is named as yours: whether you can write, and the storage's clock, were not tried";
    let note = Finding::new(AREA, FindingState::Note, name, found);
    note.mend(format!(
        "Where you choose datasets, name one: samepath storage set {name} --user-subdir FOLDER. A worker needs none."
    ))
}

/// Reading and writing in the person's folder, and the clock: what is well is one line.
fn of_folder(storages: &LocalStorages, backend: &samepath_storage::Backend) -> Vec<Finding> {
    let folder = format!("{}:{}", backend.name, backend.user_subdir_below_root());
    match storages.try_folder(backend) {
        Ok(tried) => {
            // That there is no file to be read is nothing to mend.
            let bad: Vec<Finding> = tried
                .into_iter()
                .filter(|it| it.state != FindingState::Good && it.mend.is_some())
                .map(|it| Finding { what: backend.name.clone(), ..it })
                .collect();
            if bad.is_empty() {
                vec![Finding::new(
                    AREA,
                    FindingState::Good,
                    &backend.name,
                    format!("your folder {folder} can be read and written"),
                )]
            } else {
                bad
            }
        }
        Err(error) if error.code == ErrorCode::PathNotFound => {
            let note =
                Finding::new(AREA, FindingState::Note, &backend.name, format!("your folder {folder} is not there"));
            let name = &backend.name;
            vec![note.mend(format!("Make it, or name another: samepath storage set {name} --user-subdir FOLDER"))]
        }
        Err(Error { code, message, hint, .. }) => {
            let wrong = Finding::new(AREA, FindingState::Wrong, &backend.name, message).code(code.as_str());
            vec![Finding { mend: hint, ..wrong }]
        }
    }
}
