//! Every sample of every plugin: what is read from it, and the bytes that are written.

use std::fs;

use crate::common::{Place, file_name, golden, samples};

#[test]
fn every_sample_gives_the_same_table_and_bytes() {
    for (plugin, path) in samples() {
        let name = file_name(&path);
        let place = Place::new();
        place.write(name, fs::read(&path).expect("a sample"));
        let run = place.run(&["merge", name]);
        let read = run.code != 2;
        assert!([0, 1, 2].contains(&run.code) && read != run.stdout.is_empty(), "{name}: {}\n{}", run.code, run.stderr);
        run.snapshot(&format!("sample-{plugin}-{name}"));
        if !read {
            continue;
        }
        for format in ["ics", "jcal", "jscalendar", "json", "jsonl"] {
            let run = place.run(&["merge", name, "-t", format]);
            golden(&format!("{plugin}/{name}.{format}"), &run.stdout);
        }
    }
}

#[test]
fn what_is_written_is_a_fixed_point() {
    for (_, path) in samples() {
        let name = file_name(&path);
        let place = Place::new();
        place.write(name, fs::read(&path).expect("a sample"));
        for format in ["ics", "jcal", "jscalendar", "json", "jsonl"] {
            let (one, two) = (format!("one.{format}"), format!("two.{format}"));
            if place.run(&["merge", name, "-o", &one, "--lenient"]).code != 0 {
                continue;
            }
            let _ = place.run(&["merge", &one, "-o", &two]).ok();
            assert_eq!(place.text(&one), place.text(&two), "{name} as {format}");
        }
    }
}
