//! A SAMPLE with invented figures, to look at the form of a report: `cargo run -p document --example sample -- mau.docx`.

use document::{
    Column, Error, Head, Numbering, Part, Picture, Report, Side, Signature, Table,
    chart::{Bar, Bars, Light, Lights, Line, Target, Trend},
    text::figure,
};
use std::fs::File;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("which file?")?;
    Ok(sample()?.write(File::create(path)?)?)
}

fn places() -> Vec<(String, f64)> {
    let name = |at: u32| match at % 5 {
        0 => format!("Phường mẫu số {at}"),
        1 => format!("Xã mẫu có tên rất dài để thử chỗ đứng số {at}"),
        _ => format!("Xã mẫu số {at}"),
    };
    (1..=95).map(|at| (name(at), 97.3 - f64::from(at) * 0.61)).collect()
}

fn pictures() -> Result<Vec<Part>, Error> {
    let bars = Bars {
        description: "Điểm của 95 xã, phường mẫu, từ cao xuống thấp".into(),
        bars: places().into_iter().map(|(label, value)| Bar { label, value }).collect(),
        target: Some(Target { label: "Mục tiêu".into(), value: 80.0 }),
        top: Some(100.0),
        decimals: 1,
    };
    let light =
        |label: &str, [green, yellow, red, grey]: [u32; 4]| Light { label: label.into(), green, yellow, red, grey };
    let lights = Lights {
        description: "Đèn của các nhóm chỉ tiêu mẫu".into(),
        lights: vec![
            light("Kinh tế", [60, 20, 10, 5]),
            light("Xã hội", [71, 3, 1, 20]),
            light("Chuyển đổi số", [0, 47, 48, 0]),
        ],
    };
    let line = |label: &str, from: f64, step: f64| Line {
        label: label.into(),
        values: (0..8).map(|at| (at != 3).then(|| from + f64::from(at) * step)).collect(),
    };
    let trend = |lines| Trend {
        description: "Điểm trung bình theo tháng".into(),
        months: (1..=8).map(|month| format!("{month:02}/2026")).collect(),
        lines,
        top: Some(100.0),
        decimals: 1,
    };
    let one = trend(vec![line("Toàn tỉnh", 52.4, 4.15)]);
    let many = trend(vec![line("Xã", 50.0, 3.1), line("Phường", 52.0, 2.9), line("Mục tiêu năm", 80.0, 0.0)]);
    let mut drawings = vec![lights.drawing()?, one.drawing()?, many.drawing()?];
    drawings.extend(bars.drawings(document::chart::bars::PAGE)?);
    let part = |drawing: document::chart::Drawing| {
        let caption = drawing.description().to_owned();
        Ok(Part::Picture(Picture { png: drawing.png(2.0)?, caption, description: String::new() }))
    };
    drawings.into_iter().map(part).collect()
}

fn sample() -> Result<Report, Error> {
    let heading = |level, text: &str| Part::Heading { level, text: text.into() };
    let column = |heading: &str, width, side| Column { heading: heading.into(), width, side };
    let mut rows: Vec<Vec<String>> = (1..)
        .zip(places().into_iter().take(40))
        .map(|(at, (name, value))| vec![at.to_string(), name, figure(value, 1), figure(f64::from(at) * 1371.0, 0)])
        .collect();
    rows.push(vec![String::new(), "Cộng".into(), figure(78.9, 1), figure(1_124_220.0, 0)]);
    let mut parts = vec![
        Part::Paragraph("Văn bản này là mẫu để xem hình thức; mọi số liệu đều do máy đặt ra, không phải số liệu của cơ quan nào. Báo cáo trình bày kết quả thực hiện các chỉ tiêu trong tháng, so với tháng trước và so với mục tiêu cả năm.".into()),
        heading(1, "KẾT QUẢ THỰC HIỆN"),
        heading(2, "Tình hình chung"),
        Part::Paragraph("Trong tháng, 95/95 xã, phường đã gửi số liệu; điểm trung bình đạt 78,9, tăng 4,2 so với tháng trước.".into()),
        Part::Bullets(vec!["Nhóm chỉ tiêu kinh tế đạt 81,2 điểm;".into(), "Nhóm chỉ tiêu xã hội đạt 77,4 điểm.".into()]),
        heading(3, "Điểm theo đơn vị"),
        Part::Table(Table {
            caption: "Điểm và số hồ sơ của các đơn vị".into(),
            columns: vec![
                column("TT", 1, Side::Middle),
                column("Đơn vị", 6, Side::Left),
                column("Điểm", 2, Side::Right),
                column("Số hồ sơ", 2, Side::Right),
            ],
            rows,
            total: true,
        }),
        heading(2, "Đèn và xu hướng"),
    ];
    parts.extend(pictures()?);
    parts.push(heading(1, "NHIỆM VỤ TRỌNG TÂM"));
    parts.push(Part::Paragraph("Các đơn vị có đèn đỏ rà soát nguyên nhân, báo cáo trước ngày 05 tháng sau.".into()));
    Ok(Report {
        head: Head {
            superior: Some("UBND tỉnh Đồng Nai".into()),
            issuer: vec!["Sở mẫu".into(), "về kết quả".into()],
            number: None,
            symbol: "BC-SM".into(),
            place: "Đồng Nai".into(),
            date: "2026-08-31".parse().unwrap_or_default(),
            day_open: true,
        },
        title: "BÁO CÁO".into(),
        subject: "Kết quả thực hiện các chỉ tiêu của xã, phường tháng 8 năm 2026".into(),
        addressed_to: vec!["Ủy ban nhân dân tỉnh Đồng Nai".into()],
        numbering: Numbering::Roman,
        parts,
        recipients: vec!["Như trên".into(), "Các Phó Chủ tịch UBND tỉnh".into(), "Lưu: VT, TH".into()],
        signature: Signature {
            authority: vec!["KT. Giám đốc".into(), "Phó Giám đốc".into()],
            name: "Nguyễn Văn Mẫu".into(),
        },
        notice: Some("SỐ LIỆU MÔ PHỎNG – KHÔNG DÙNG ĐỂ BÁO CÁO".into()),
    })
}
