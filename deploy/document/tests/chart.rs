//! Charts: sizes, labels within the picture, figures that cannot be drawn.

#![allow(clippy::unwrap_used)]

use document::chart::{Bar, Bars, Drawing, Light, Lights, Line, Target, Trend, WIDTH, bars::PAGE};
use quick_xml::{Reader, events::Event};

/// A name of 40 wide letters, with text that an SVG must not take for markup.
const LONG: &str = "<b>&ỦY BAN NHÂN DÂN XÃ MẪU WWWWWWWWWWWW";

fn bars(count: usize) -> Bars {
    let bar =
        |at: usize| Bar { label: if at == 0 { LONG.repeat(2) } else { format!("Xã {at}") }, value: 100.0 - at as f64 };
    Bars {
        description: "Điểm <các xã>".into(),
        bars: (0..count).map(bar).collect(),
        target: Some(Target { label: "Mục tiêu".into(), value: 100.0 }),
        top: None,
        decimals: 1,
    }
}

fn trend() -> Trend {
    let line = |values| Line { label: LONG.into(), values };
    Trend {
        description: "Xu hướng".into(),
        months: (1..=12).map(|month| format!("{month:02}/2026")).collect(),
        lines: vec![line(vec![Some(12.5); 12]), line(vec![Some(13.0); 12]), line(vec![None; 12])],
        top: None,
        decimals: 1,
    }
}

/// Every text within the picture, the SVG well-formed, the PNG of the expected size.
fn sound(drawing: &Drawing) {
    for (text, from, to) in drawing.texts().unwrap() {
        assert!(from >= 0.0 && to <= WIDTH, "{text}: {from} to {to}");
    }
    let svg = drawing.svg();
    let mut reader = Reader::from_str(&svg);
    while !matches!(reader.read_event().unwrap(), Event::Eof) {}
    let png = drawing.png(1.5).unwrap();
    let map = tiny_skia::Pixmap::decode_png(&png).unwrap();
    let (width, height) = drawing.size();
    assert_eq!((map.width(), map.height()), ((width * 1.5).ceil() as u32, (height * 1.5).ceil() as u32));
    assert!(map.pixels().iter().any(|pixel| pixel.red() < 200), "nothing is drawn");
    assert_eq!(png, drawing.png(1.5).unwrap());
}

#[test]
fn bars_of_all_communes_fit_on_two_pages() {
    let drawings = bars(95).drawings(PAGE).unwrap();
    assert_eq!(drawings.len(), 2);
    drawings.iter().for_each(sound);
    let texts: Vec<_> = drawings.iter().flat_map(|drawing| drawing.texts().unwrap()).map(|(text, ..)| text).collect();
    for text in ["Xã 1", "Xã 94", "99,0", "6,0", "Mục tiêu 100,0", "0"] {
        assert!(texts.iter().any(|found| found == text), "{text}");
    }
    assert!(texts.iter().any(|text| text.starts_with("<b>&ỦY BAN") && text.ends_with('…')));
    bars(0).drawing().unwrap().png(1.0).unwrap();
}

#[test]
fn lights_are_told_apart_by_words() {
    let light = Light { label: LONG.into(), green: 60, yellow: 1, red: 0, grey: 1_234 };
    let drawing = Lights { description: "Đèn".into(), lights: vec![light] }.drawing().unwrap();
    sound(&drawing);
    let texts: Vec<_> = drawing.texts().unwrap().into_iter().map(|(text, ..)| text).collect();
    for text in ["Xanh 60", "Vàng 1", "Đỏ 0", "Xám 1.234", "1.234"] {
        assert!(texts.iter().any(|found| found == text), "{text} in {texts:?}");
    }
    Lights { description: String::new(), lights: Vec::new() }.drawing().unwrap().png(1.0).unwrap();
}

#[test]
fn trends_name_their_lines_at_the_end() {
    sound(&trend().drawing().unwrap());
    let one = Trend { lines: vec![trend().lines.remove(0)], ..trend() };
    let drawing = one.drawing().unwrap();
    sound(&drawing);
    assert_eq!(drawing.texts().unwrap().iter().filter(|(text, ..)| text == "12,5").count(), 12);
    for months in [0, 1, 120] {
        let values = vec![Some(7.0); months];
        let lines = vec![Line { label: "Tỉnh".into(), values }];
        let drawing = Trend { months: vec!["01/2026".into(); months], lines, ..trend() }.drawing().unwrap();
        sound(&drawing);
    }
}

#[test]
fn figures_that_no_axis_shows_are_refused_by_name() {
    for value in [-1.0, f64::NAN, f64::INFINITY, 1e16] {
        let mut chart = bars(3);
        chart.bars[1].value = value;
        assert!(chart.drawing().unwrap_err().to_string().starts_with("bar 2 cannot be drawn"));
        let mut chart = trend();
        chart.lines[1].values[4] = Some(value);
        assert!(chart.drawing().unwrap_err().to_string().starts_with("line 2, month 5 cannot be drawn"));
    }
    let mut chart = trend();
    chart.lines[0].values.pop();
    assert_eq!(chart.drawing().unwrap_err().to_string(), "line 1 has 11 cells for 12 columns");
    assert_eq!(bars(501).drawing().unwrap_err().to_string(), "bars are too many: at most 500");
    assert!(bars(3).drawing().unwrap().png(100.0).is_err());
    assert!(bars(3).drawing().unwrap().png(f32::NAN).is_err());
}
