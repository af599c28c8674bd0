//! Captured mount tables, and what is suggested from them.

use super::*;
use crate::mounts::Mounts;
use crate::suggest::system::windows_table;

fn known(base_paths: &[&str], names: &[&str]) -> Known<'static> {
    Known {
        platform: Platform::Linux,
        base_paths: base_paths.iter().map(PathBuf::from).collect(),
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        home: Some(Path::new("/home/amick")),
    }
}

fn linux(table: &str) -> Vec<Mount> {
    Mounts::parse(table.as_bytes()).iter().cloned().collect()
}

/// `name base_path type words` of each.
fn shown(suggestions: &[Suggestion]) -> Vec<String> {
    let kind = |it: &Suggestion| it.kind.clone().unwrap_or_else(|| "-".to_owned());
    suggestions.iter().map(|it| format!("{} {} {} {}", it.name, it.base_path, kind(it), it.words())).collect()
}

const WORKSTATION: &str = r"22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/mapper/vg-root rw
23 22 0:21 / /proc rw,nosuid - proc proc rw
24 22 0:5 / /dev rw - devtmpfs udev rw,size=8k
25 22 0:25 / /run rw - tmpfs tmpfs rw,size=1k
26 22 259:1 / /home rw - xfs /dev/nvme0n1p1 rw
30 22 0:50 / /mnt/vast rw,relatime shared:9 - nfs4 vast01.salk.edu:/talmo rw,vers=4.2,addr=10.0.0.9
31 30 0:51 / /mnt/vast/.snapshot ro - nfs4 vast01.salk.edu:/talmo/.snapshot ro,vers=4.2
32 22 0:52 / /mnt/my\040share rw - cifs //nas.salk.edu/Photos\040and\040films rw,vers=3.1.1,username=amick
33 26 0:53 / /home/amick/remote rw,nosuid - fuse.sshfs amick@gpu-1:/data rw,user_id=1000
34 22 0:54 / /lustre rw - lustre 10.0.0.1@tcp:/fs1 rw
35 22 0:55 / /mnt/beegfs rw - beegfs beegfs_nodev rw
36 22 0:56 / /cephfs rw - ceph 10.0.0.1:6789,10.0.0.2:6789:/volumes/lab rw,name=lab,secret=<hidden>
37 22 0:57 / /mnt/host rw - 9p hostshare rw,trans=virtio
38 22 0:58 / /mnt/auto rw - autofs systemd-1 rw,fd=28,direct,pipe_ino=1
39 22 0:59 / /net rw - autofs /etc/auto.net rw,fd=29,indirect
40 22 0:60 / /mnt/overlay rw - overlay overlay rw,lowerdir=/a
41 22 0:61 / /mnt/ram rw - tmpfs tmpfs rw
42 22 259:1 /amick/data /srv/data rw - xfs /dev/nvme0n1p1 rw
43 30 0:50 /labs /srv/labs rw - nfs4 vast01.salk.edu:/talmo rw
44 22 0:50 / /export/again/vast rw - nfs4 vast01.salk.edu:/talmo rw
45 25 0:62 / /run/user/1000/gvfs rw - fuse.gvfsd-fuse gvfsd-fuse rw
46 25 0:63 / /run/user/1000/doc rw - fuse.portal portal rw
47 22 0:64 / /var/lib/lxcfs rw - fuse.lxcfs lxcfs rw
49 22 0:66 / /mnt/dav rw - fuse https://amick:secret@dav.salk.edu/lab rw,user_id=1000
48 22 0:65 / /usr/local/cluster rw - nfs4 admin:/cluster rw
nonsense
";

#[test]
fn a_workstations_shares() {
    assert_eq!(
        shown(&combine(Vec::new(), &linux(WORKSTATION), &known(&[], &[]))),
        [
            "cephfs /cephfs ceph mounted from 10.0.0.1:6789,10.0.0.2:6789:/volumes/lab",
            "lustre /lustre lustre mounted from 10.0.0.1@tcp:/fs1",
            "auto /mnt/auto network mounted",
            "beegfs /mnt/beegfs beegfs mounted from beegfs_nodev",
            "dav /mnt/dav network mounted from https://dav.salk.edu/lab",
            "host /mnt/host 9p mounted from hostshare",
            "my-share /mnt/my share smb mounted from //nas.salk.edu/Photos and films",
            "vast /mnt/vast nfs mounted from vast01.salk.edu:/talmo",
            "remote /home/amick/remote sshfs mounted from gpu-1:/data",
        ]
    );
}

#[test]
fn what_is_configured_is_left_out_also_by_a_folder_in_it_or_above_it() {
    let mounts = linux(WORKSTATION);
    let places = |base_paths: &[&str]| -> Vec<String> {
        let found = combine(Vec::new(), &mounts, &known(base_paths, &[]));
        found.into_iter().map(|it| it.base_path).filter(|path| path.contains("vast")).collect()
    };
    assert_eq!(places(&["/mnt/vast2"]), ["/mnt/vast"]);
    // Also where the same share is mounted a second time.
    for configured in ["/mnt/vast", "/mnt/vast/labs/talmo", "/export/again/vast", "/mnt"] {
        assert_eq!(places(&[configured]), Vec::<String>::new(), "{configured}");
    }
}

#[test]
fn a_name_that_is_taken_is_not_proposed() {
    let table = "1 0 0:1 / / rw - ext4 a rw\n\
        2 1 0:2 / /a/vast rw - nfs4 vast01:/a rw\n\
        3 1 0:3 / /b/vast rw - nfs4 vast02:/b rw\n\
        4 1 0:4 / /mnt/data rw - nfs4 vast03:/export/x rw\n\
        5 1 0:5 / /mnt/share rw - nfs4 nas.salk.edu:/ rw\n\
        6 1 0:6 / /mnt/nfs rw - nfs4 10.0.0.3:/ rw\n";
    let found = combine(Vec::new(), &linux(table), &known(&["/elsewhere"], &["vast"]));
    let names: Vec<&str> = found.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["vast-2", "vast-3", "vast03", "nfs", "nas"]);
}

#[test]
fn in_a_container_the_folders_that_it_was_given_count() {
    let table = "1 0 0:100 / / rw - overlay overlay rw,lowerdir=/l,upperdir=/u\n\
        2 1 0:101 / /proc rw - proc proc rw\n\
        3 1 0:102 / /dev rw - tmpfs tmpfs rw\n\
        4 1 254:1 /var/lib/docker/containers/x/hosts /etc/hosts rw - ext4 /dev/vda1 rw\n\
        5 1 0:50 /labs/talmo /home/jovyan/vast rw - nfs4 vast01:/export rw\n\
        6 1 254:1 /srv/scratch /scratch rw - ext4 /dev/vda1 rw\n\
        7 1 254:1 /homes/jovyan /home/jovyan rw - ext4 /dev/vda1 rw\n\
        8 1 0:9 / /dev/shm rw - tmpfs shm rw\n\
        9 1 0:60 / /run/secrets/kubernetes.io/serviceaccount ro - tmpfs tmpfs ro\n\
        10 1 0:61 / /mnt/data rw - tmpfs tmpfs rw\n";
    let jovyan = Known { home: Some(Path::new("/home/jovyan")), ..known(&[], &[]) };
    assert_eq!(
        shown(&combine(Vec::new(), &linux(table), &jovyan)),
        [
            "scratch /scratch - given to this container, /srv/scratch outside",
            "vast /home/jovyan/vast nfs mounted from vast01:/export",
        ]
    );
    // Outside of a container the same lines are folders of this computer's own disk.
    let outside = table.replace("overlay overlay", "ext4 /dev/vda1");
    assert_eq!(shown(&combine(Vec::new(), &linux(&outside), &jovyan)).len(), 1);
}

#[test]
fn a_share_inside_a_home_on_a_share_is_one_of_its_own() {
    let table = "1 0 0:1 / / rw - ext4 a rw\n\
        2 1 0:2 / /home/amick rw - nfs4 homes:/amick rw\n\
        3 2 0:3 / /home/amick/vast rw - nfs4 vast01:/talmo rw\n\
        4 2 0:2 /.snapshot /home/amick/.snapshot ro - nfs4 homes:/amick ro\n";
    let found = combine(Vec::new(), &linux(table), &known(&[], &[]));
    let places: Vec<&str> = found.iter().map(|it| it.base_path.as_str()).collect();
    assert_eq!(places, ["/home/amick/vast", "/home/amick"]);
}

fn hinted(base_path: &str, elsewhere: Option<&str>) -> Suggestion {
    let hint = Hint::PathMapping { line: Some(12) };
    Suggestion {
        elsewhere: elsewhere.map(str::to_owned),
        ..Suggestion::new("vast".to_owned(), base_path.to_owned(), hint)
    }
}

#[test]
fn an_older_table_and_a_mount_are_one_suggestion() {
    let mounts = linux("1 0 0:1 / / rw - ext4 a rw\n2 1 0:2 / /mnt/talmo rw - nfs4 vast01:/talmo rw\n");
    let found = combine(vec![hinted("/mnt/talmo", Some("/root/vast"))], &mounts, &known(&[], &[]));
    assert_eq!(shown(&found), ["vast /mnt/talmo nfs from [[path_mappings]], line 12; mounted from vast01:/talmo"]);
}

#[test]
fn of_a_pair_the_end_counts_that_is_on_this_computer() {
    let mounts = linux("1 0 0:1 / / rw - ext4 a rw\n2 1 0:2 / /root/vast rw - nfs4 vast01:/talmo rw\n");
    let find = |base: &str, elsewhere| {
        let found = combine(vec![hinted(base, elsewhere)], &mounts, &known(&[], &[]));
        found.into_iter().next().map(|it| (it.base_path, it.elsewhere.unwrap_or_default()))
    };
    let pair = |a: &str, b: &str| Some((a.to_owned(), b.to_owned()));
    assert_eq!(find("/Volumes/talmo", Some("/root/vast")), pair("/root/vast", "/Volumes/talmo"));
    assert_eq!(find(r"Z:\talmo", Some("/mnt/x")), pair("/mnt/x", r"Z:\talmo"));
    assert_eq!(find("/Volumes/talmo", Some("/mnt/x")), pair("/Volumes/talmo", "/mnt/x"));
    assert_eq!(find(r"Z:\talmo", None), pair("/root/vast", ""), "only the mount is left");
}

#[test]
fn a_macs_shares() {
    let mounts = Mounts::parse_printed(
        b"/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)\n\
         /dev/disk3s5 on /System/Volumes/Data (apfs, local, journaled, nobrowse, protect, root data)\n\
         map auto_home on /System/Volumes/Data/home (autofs, automounted, nobrowse)\n\
         /dev/disk5s1 on /Volumes/USB STICK (exfat, local, nodev, nosuid, read-only, noowners)\n\
         //amick:secret@vast01.salk.edu/talmo on /Volumes/talmo (smbfs, nodev, nosuid, mounted by amick)\n\
         vast01:/talmo on /Volumes/talmo-1 (nfs, nodev, nosuid, mounted by amick)\n\
         gdrive: on /Users/amick/drive (macfuse, nodev, nosuid, synchronous, mounted by amick)\n",
    );
    let mounts: Vec<Mount> = mounts.iter().cloned().collect();
    let mac = Known { platform: Platform::MacOs, home: Some(Path::new("/Users/amick")), ..known(&[], &[]) };
    assert_eq!(
        shown(&combine(Vec::new(), &mounts, &mac)),
        [
            "talmo /Volumes/talmo smb mounted from //vast01.salk.edu/talmo",
            "talmo-1 /Volumes/talmo-1 nfs mounted from vast01:/talmo",
        ]
    );
}

#[test]
fn windowss_drives() {
    let mounts = windows_table("OK           Z:        \\\\vast01\\talmo            Microsoft Windows Network\r\n");
    let windows = Known { platform: Platform::Windows, home: None, ..known(&[], &[]) };
    assert_eq!(shown(&combine(Vec::new(), &mounts, &windows)), [r"talmo Z:\ smb mounted from \\vast01\talmo"]);
}

#[test]
fn no_table_at_all_and_nonsense_suggest_nothing() {
    for table in ["", "\n\n", "1 2 3", "1 1 0:1 / / rw - ext4", "x y z / /mnt/\\000 rw - nfs4 a:/b rw\n"] {
        assert_eq!(combine(Vec::new(), &linux(table), &known(&[], &[])), [], "{table:?}");
    }
}
