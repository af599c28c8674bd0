//! What the bus of this computer costs: in the process that holds it, and over the socket.

#![expect(clippy::unwrap_used, reason = "a failing bench has nobody to tell")]

use divan::{Bencher, counter::ItemsCount};
use samepath_fleet::bus::{Bus, Change, Expect, LocalSettings, Watch, local, memory::MemoryBus};
use std::{sync::Arc, sync::LazyLock, time::Duration};
use tokio::runtime::Runtime;

const LONG: Duration = Duration::from_secs(600);

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap());

fn main() {
    divan::main();
}

#[derive(Debug, Clone, Copy)]
enum Form {
    Memory,
    Holder,
    Socket,
}

const FORMS: [Form; 3] = [Form::Memory, Form::Holder, Form::Socket];

struct Subject {
    bus: Arc<dyn Bus>,
    holder: Arc<dyn Bus>,
    _dir: tempfile::TempDir,
}

fn subject(form: Form) -> Subject {
    RUNTIME.block_on(async {
        let dir = tempfile::tempdir().unwrap();
        let (bus, holder): (Arc<dyn Bus>, Arc<dyn Bus>) = match form {
            Form::Memory => {
                let holder = MemoryBus::new("amick");
                (Arc::new(holder.worker("gpu-1")), Arc::new(holder))
            }
            Form::Holder => {
                let holder = local::open(LocalSettings::new(dir.path(), "amick")).await.unwrap();
                (holder.clone(), holder)
            }
            Form::Socket => {
                let holder = local::open(LocalSettings::new(dir.path(), "amick")).await.unwrap();
                (local::open(LocalSettings::new(dir.path(), "amick")).await.unwrap(), holder)
            }
        };
        Subject { bus, holder, _dir: dir }
    })
}

/// A durable put of 1,000 bytes and a get.
#[divan::bench(args = FORMS, sample_count = 50)]
fn put_and_get(bencher: Bencher<'_, '_>, form: Form) {
    let on = subject(form);
    bencher.bench_local(|| {
        RUNTIME.block_on(async {
            on.bus.put("jobs/1", vec![7; 1000], Expect::Any, None).await.unwrap();
            on.bus.get("jobs/1").await.unwrap()
        })
    });
}

/// The same with a ttl: nothing goes to the disk.
#[divan::bench(args = FORMS)]
fn put_with_ttl_and_get(bencher: Bencher<'_, '_>, form: Form) {
    let on = subject(form);
    bencher.bench_local(|| {
        RUNTIME.block_on(async {
            on.bus.put("workers/1", vec![7; 1000], Expect::Any, Some(LONG)).await.unwrap();
            on.bus.get("workers/1").await.unwrap()
        })
    });
}

/// A request to the holder, and its answer.
#[divan::bench(args = FORMS)]
fn request(bencher: Bencher<'_, '_>, form: Form) {
    let on = subject(form);
    let mut requests = RUNTIME.block_on(on.holder.serve("claim")).unwrap();
    let serving = RUNTIME.spawn(async move {
        while let Some(request) = requests.next().await {
            request.reply(vec![7; 500]);
        }
    });
    bencher.bench_local(|| RUNTIME.block_on(on.bus.request("claim", vec![7; 200], LONG)).unwrap());
    serving.abort();
}

/// 10,000 lines of 80 bytes, 500 at a time.
#[divan::bench(args = FORMS, sample_count = 10, sample_size = 1)]
fn append_10_000_lines(bencher: Bencher<'_, '_>, form: Form) {
    let on = subject(form);
    let mut log = 0;
    bencher.counter(ItemsCount::new(10_000usize)).bench_local(|| {
        log += 1;
        RUNTIME.block_on(async {
            let log = format!("log/{log}");
            for batch in 0..20 {
                on.bus.append(&log, batch * 500, vec![vec![b'x'; 80]; 500]).await.unwrap();
            }
        });
    });
}

/// One change, seen by 100 watches.
#[divan::bench(args = FORMS, sample_count = 50)]
fn change_to_100_watches(bencher: Bencher<'_, '_>, form: Form) {
    let on = subject(form);
    let mut watches: Vec<Watch> = RUNTIME.block_on(async {
        let mut watches = Vec::new();
        for _ in 0..100 {
            let mut watch = on.bus.watch("workers/").await.unwrap();
            assert_eq!(watch.next().await, Some(Change::Current));
            watches.push(watch);
        }
        watches
    });
    bencher.bench_local(|| {
        RUNTIME.block_on(async {
            on.holder.put("workers/1", vec![7; 1000], Expect::Any, Some(LONG)).await.unwrap();
            for watch in &mut watches {
                watch.next().await.unwrap();
            }
        });
    });
}
