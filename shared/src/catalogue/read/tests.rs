//! The delivered catalogue reads whole; every fault is found in its place; no bytes make the reader fall over.

use super::*;
use crate::{
    catalogue::{GoalError, layout::LATER_COLUMNS, sample},
    language::Language,
};
use proptest::prelude::*;

/// A small catalogue without faults.
fn small() -> BTreeMap<String, Vec<u8>> {
    let indicators = "code,group,group_name,name,name_en,unit,kind,direction,cycle,rule,points,requires_evidence,standard_operator,standard_value,standard_high,note
A-1,A,Nhóm A,Tỷ lệ,Share,%,ratio,at_least,,,1,true,>=,80,,
A-2,A,Nhóm A,Đếm,Count,lượt,count,at_least,monthly,steps 1:1 0.5:0.5,2.5,false,,,,
B-1,B,Nhóm B,Có không,Flag,,flag,achieved,,proportional,1,true,yes,,,
B-2,B,Nhóm B,Chỉ số,Index,,decimal,within,yearly,relative,0,true,range,1.5,2.5,
B-3,B,Nhóm B,Sự cố,Incidents,,count,at_most,half_yearly,proportional,1000,true,<=,0,,
";
    let communes = "slug,code,name,kind,cycle,units_cutoff,cutoff,report,note
xa-mot,00001,Xã Một,xa,quarterly,17,19,25,
phuong-hai,00002,Phường Hai,phuong,,,,,
";
    let targets =
        "commune,plan_ref,indicator,operator,value,high,wording,printed,unit,lead_unit,deadline,deadline_text,note
xa-mot,1,A-1,>=,80,,Lời,≥ 80%,%,Phòng,2026-12-31,cuối năm,
xa-mot,2,A-2,range,1,3,Lời,,,,,,
xa-mot,3,B-1,yes,,,Lời,,,,,,
xa-mot,4,B-2,unspecified,,,Lời,,,,,,
phuong-hai,1,A-1,=,90.5,,Lời,,,,,,
";
    let tasks = "commune,code,group,title,detail,output,kpi,lead_unit,coordinating_units,deadline_text,deadline,recurring,budget_million_vnd,note
xa-mot,I.1,Nhóm,Việc,,,,,,,2026-03-31,false,12.5,
xa-mot,I.2,Nhóm,Việc,,,,,,Thường xuyên,,true,,
";
    let units = "commune,code,name,variants,role
xa-mot,CA,Công an xã,,police
";
    let settings = "plan_year = 2026
rules = \"2026.1\"
[province]
id = \"thu\"
name = \"Tỉnh Thử\"
[days]
units_cutoff = 17
cutoff = 19
report = 25
";
    let pairs = [
        (SETTINGS, settings),
        (INDICATORS, indicators),
        (COMMUNES, communes),
        (TARGETS, targets),
        (TASKS, tasks),
        (UNITS, units),
    ];
    pairs.into_iter().map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec())).collect()
}

/// The small catalogue with the first `from` in a file replaced.
fn spoiled(file: &str, from: &str, to: &str) -> BTreeMap<String, Vec<u8>> {
    let mut files = small();
    let text = String::from_utf8(files[file].clone()).unwrap();
    assert!(text.contains(from), "{file} has no {from:?}");
    files.insert(file.into(), text.replacen(from, to, 1).into_bytes());
    files
}

fn faults(files: &BTreeMap<String, Vec<u8>>) -> Vec<Fault> {
    read(files).expect_err("there is a fault")
}

#[test]
fn what_was_taken_in_before_a_check_came_stays_readable() {
    let files = spoiled(COMMUNES, "17,19,25", "28,10,25");
    assert_eq!(faults(&files).len(), 1);
    assert_eq!(read_kept(&files).unwrap().communes[0].units_cutoff, Some(28));
}

/// Place and kind in short: `targets.csv:2:value: PercentOver100`.
fn short(fault: &Fault) -> String {
    let row = fault.row.map_or("-".into(), |row| row.to_string());
    let problem = format!("{:?}", fault.problem);
    let kind = problem.split([' ', '(', '{']).next().unwrap_or_default();
    format!("{}:{row}:{}: {kind}", fault.file, fault.column.as_deref().unwrap_or("-"))
}

#[test]
fn the_delivered_catalogue_has_every_row_of_the_five_plans() {
    let catalogue = sample::catalogue();
    assert_eq!(catalogue.indicators.len(), 80);
    assert_eq!(catalogue.targets.len(), 182);
    assert_eq!(catalogue.tasks.len(), 110);
    assert_eq!(catalogue.communes.len(), 95);
    assert_eq!(catalogue.units.len(), 130);
    for (slug, targets, tasks, units) in [
        ("dinh-quan", 45, 40, 36),
        ("tan-loi", 31, 20, 24),
        ("loc-tan", 40, 13, 29),
        ("minh-hung", 32, 13, 20),
        ("tan-phu", 34, 24, 21),
    ] {
        assert_eq!(catalogue.targets_of(slug).count(), targets, "{slug}");
        assert_eq!(catalogue.tasks.iter().filter(|task| task.commune == slug).count(), tasks, "{slug}");
        assert_eq!(catalogue.units.iter().filter(|unit| unit.commune == slug).count(), units, "{slug}");
    }
    let wards = catalogue.communes.iter().filter(|commune| commune.kind == CommuneKind::Phuong).count();
    assert_eq!((wards, catalogue.communes.len() - wards), (23, 72));
    let kinds = Kind::ALL.map(|kind| catalogue.indicators.iter().filter(|indicator| indicator.kind == kind).count());
    assert_eq!(kinds, [49, 23, 1, 7]);
    assert_eq!(catalogue.indicators.iter().filter(|indicator| indicator.standard.is_some()).count(), 29);
    assert!(catalogue.indicators.iter().all(|indicator| {
        indicator.rule == Rule::Proportional && indicator.points == Amount::ONE && indicator.requires_evidence
    }));
}

#[test]
fn the_oddities_of_the_plans_are_data() {
    let catalogue = sample::catalogue();
    let target = |slug: &str, plan_ref: &str| {
        catalogue.targets.iter().find(|target| target.commune == slug && target.plan_ref == plan_ref).unwrap()
    };
    let vneid: Vec<_> = catalogue.targets_of("loc-tan").filter(|target| target.indicator == "CDS-17").collect();
    assert_eq!(vneid.iter().map(|target| target.goal.operator().as_str()).collect::<Vec<_>>(), ["=", ">="]);
    assert_eq!(target("tan-phu", "II.2.V.19").goal, Goal::Yes);
    assert_eq!(catalogue.indicator("CDS-19").unwrap().kind, Kind::Ratio);
    assert_eq!(target("tan-phu", "II.2.V.1").goal, Goal::Yes);
    assert_eq!(catalogue.indicator("CDS-01").unwrap().kind, Kind::Decimal);
    assert_eq!(target("dinh-quan", "1.5(23)").printed, "tỷ lệ theo quy định");
    assert_eq!(catalogue.targets.iter().filter(|target| !target.goal.is_scored()).count(), 12);
    let contradictory = target("dinh-quan", "1.1(1)b");
    assert_eq!(contradictory.printed, "trên 50% - 60%");
    assert!(contradictory.note.starts_with("[split][scope][contradiction]"));
    assert_eq!(target("loc-tan", "PL I.14").goal, Goal::AtMost(Amount::ZERO));
    let (no_such_quarter, second_quarter) = (target("loc-tan", "PL I.12"), target("loc-tan", "PL I.3"));
    assert_eq!((no_such_quarter.deadline_text.as_str(), no_such_quarter.deadline), ("Quý VI/2026", None));
    assert_eq!(second_quarter.deadline.unwrap().to_string(), "2026-06-30");
    assert_eq!(target("minh-hung", "PL I.IV.13").lead_unit, "");
    assert_eq!(target("tan-loi", "2.1(1)").deadline, None);
    assert_eq!(target("minh-hung", "PL I.I.1").deadline.unwrap().to_string(), "2026-12-31");
}

#[test]
fn the_five_communes_are_on_time_until_the_same_day() {
    let catalogue = sample::catalogue();
    for (slug, cycle, units_cutoff) in [
        ("dinh-quan", Cycle::Monthly, 19),
        ("tan-loi", Cycle::Monthly, 17),
        ("loc-tan", Cycle::Quarterly, 17),
        ("minh-hung", Cycle::Monthly, 17),
        ("tan-phu", Cycle::Monthly, 17),
    ] {
        let calendar = catalogue.commune(slug).unwrap().calendar(&catalogue.province);
        assert_eq!((calendar.cycle, calendar.days.units_cutoff), (cycle, units_cutoff), "{slug}");
        assert_eq!((calendar.days.cutoff, calendar.days.report), (19, 25), "{slug}");
    }
}

#[test]
fn a_small_catalogue_reads() {
    let catalogue = read(&small()).unwrap();
    assert_eq!(catalogue.indicators[1].rule.to_text(), "steps 1:1 0.5:0.5");
    assert_eq!(catalogue.indicators[3].standard.unwrap().high().unwrap().to_string(), "2.5");
    assert_eq!(catalogue.province.name, "Tỉnh Thử");
}

#[test]
fn what_spreadsheets_do_to_a_file_is_taken() {
    let catalogue = read(&small()).unwrap();
    for (file, text) in small() {
        let text = String::from_utf8(text).unwrap();
        let mut variants = vec![text.replace('\n', "\r\n"), format!("\u{feff}{text}")];
        if file.ends_with(".csv") {
            let commas = ",".repeat(text.lines().next().unwrap().matches(',').count());
            variants.extend([
                text.replace('\n', "\r"),
                format!("{text}{commas}\n{commas}\n\n"),
                text.replace("xa-mot", " \"xa-mot\"").replace(" \"xa-mot\"", "\"xa-mot \""),
                text.replace("Xã Một", "Xa\u{303} M\u{6f}\u{323}\u{302}t"),
            ]);
        }
        for variant in variants {
            let mut files = small();
            files.insert(file.clone(), variant.clone().into_bytes());
            assert_eq!(read(&files).as_ref(), Ok(&catalogue), "{variant:?}");
        }
    }
    let units = "role,variants,name,code,commune\npolice,,Công an xã,CA,xa-mot\n";
    let mut files = small();
    files.insert(UNITS.into(), units.into());
    assert_eq!(read(&files).unwrap(), catalogue, "columns in another order");
}

#[test]
fn every_fault_is_named_with_its_place() {
    let long = "x".repeat(MAX_CELL_CHARS + 1);
    let table: &[(&str, &str, &str, &str)] = &[
        // tables
        (
            INDICATORS,
            "code,group,",
            "mã,group,",
            "indicators.csv:1:mã: ColumnUnknown|indicators.csv:1:code: ColumnMissing",
        ),
        (UNITS, "variants,role", "variants,role,role", "units.csv:1:role: ColumnTwice"),
        (UNITS, "commune,code,name,variants,role", "commune;code;name;variants;role", "units.csv:1:-: Separator"),
        (UNITS, "commune,code,name,variants,role", "commune\tcode\tname\tvariants\trole", "units.csv:1:-: Separator"),
        (UNITS, "xa-mot,CA,", "xa-mot,", "units.csv:2:-: CellCount"),
        (UNITS, "Công an xã,,police", "\"Công an xã,,police", "units.csv:2:-: QuoteOpen"),
        (UNITS, "police", &long, "units.csv:2:role: TooLong"),
        (UNITS, "police", "\"po\nlice\"", "units.csv:2:role: ControlCharacter"),
        (UNITS, "police", "po\u{7}lice", "units.csv:2:role: ControlCharacter"),
        (UNITS, "Công an xã", " ", "units.csv:2:name: Empty"),
        // indicators
        (INDICATORS, "A-2,A,", "A-1,A,", "indicators.csv:3:code: Duplicate|targets.csv:3:indicator: UnknownIndicator"),
        (
            INDICATORS,
            "A-2,A,",
            "A-234567890123456789012345678901234,A,",
            "indicators.csv:3:code: TooLong|targets.csv:3:indicator: UnknownIndicator",
        ),
        (INDICATORS, "A-2,A,Nhóm A", "A-2,B,Nhóm B", "indicators.csv:3:code: PrefixNotGroup"),
        (INDICATORS, "A-2,A,Nhóm A", "A-2,A,Nhóm a", "indicators.csv:3:group_name: GroupNameDiffers"),
        (INDICATORS, "ratio", "percent", "indicators.csv:2:kind: UnknownWord"),
        (INDICATORS, "at_least", "more", "indicators.csv:2:direction: UnknownWord"),
        (INDICATORS, "monthly", "continuous", "indicators.csv:3:cycle: UnknownWord"),
        (INDICATORS, "steps 1:1 0.5:0.5", "steps 0.5:0.5 1:1", "indicators.csv:3:rule: Rule"),
        (INDICATORS, "2.5,false", "\"2,5\",false", "indicators.csv:3:points: Number"),
        (INDICATORS, "2.5,false", "-1,false", "indicators.csv:3:points: PointsOutside"),
        (INDICATORS, "1000,true", "1000.000001,true", "indicators.csv:6:points: PointsOutside"),
        (INDICATORS, "2.5,false", ",false", "indicators.csv:3:points: Empty"),
        (INDICATORS, "2.5,false", "2.5,có", "indicators.csv:3:requires_evidence: UnknownWord"),
        (
            INDICATORS,
            "at_most,half_yearly,proportional",
            "at_most,half_yearly,relative",
            "indicators.csv:6:rule: RelativeAtMost",
        ),
        (INDICATORS, ">=,80", ">=,101", "indicators.csv:2:standard_value: PercentOver100"),
        (INDICATORS, ">=,80", ">,80", "indicators.csv:2:standard_operator: UnknownWord"),
        (INDICATORS, ">=,80", ",80", "indicators.csv:2:standard_operator: StandardWithoutOperator"),
        (INDICATORS, ">=,80", "unspecified,", "indicators.csv:2:standard_operator: UnknownWord"),
        (INDICATORS, "yes,,", ">=,1,", "indicators.csv:4:standard_operator: NumberForFlag"),
        (INDICATORS, "range,1.5,2.5", "range,3.5,2.5", "indicators.csv:5:standard_value: Goal"),
        (INDICATORS, "range,1.5,2.5", "range,1.5,", "indicators.csv:5:standard_high: Goal"),
        // communes
        (COMMUNES, "phuong-hai", "xa-mot", "communes.csv:3:slug: Duplicate|targets.csv:6:commune: UnknownCommune"),
        (COMMUNES, "00002", "00001", "communes.csv:3:code: Duplicate"),
        (COMMUNES, "phuong-hai", "Phường-hai", "communes.csv:3:slug: NotASlug|targets.csv:6:commune: UnknownCommune"),
        (COMMUNES, ",phuong,", ",thi-tran,", "communes.csv:3:kind: UnknownWord"),
        (COMMUNES, "17,19,25", "17,0,25", "communes.csv:2:cutoff: Day"),
        (COMMUNES, "17,19,25", "+7,19,32", "communes.csv:2:units_cutoff: Day|communes.csv:2:report: Day"),
        (COMMUNES, "17,19,25", "28,10,25", "communes.csv:2:units_cutoff: UnitsAfterCommune"),
        (COMMUNES, "17,19,25", ",10,25", "communes.csv:2:cutoff: UnitsAfterCommune"),
        (SETTINGS, "units_cutoff = 17", "units_cutoff = 20", "catalogue.toml:-:days.units_cutoff: UnitsAfterCommune"),
        // targets
        (TARGETS, "xa-mot,2", "xa-ba,2", "targets.csv:3:commune: UnknownCommune"),
        (TARGETS, "2,A-2", "2,A-9", "targets.csv:3:indicator: UnknownIndicator"),
        (TARGETS, "xa-mot,2", "xa-mot,1", "targets.csv:3:plan_ref: Duplicate"),
        (TARGETS, "B-1,yes,", "B-1,>=,1", "targets.csv:4:operator: NumberForFlag"),
        (TARGETS, "A-1,>=,80", "A-1,>=,180", "targets.csv:2:value: PercentOver100"),
        (TARGETS, "A-2,range,1,3", "A-2,range,1,3.5", "targets.csv:3:high: FractionOfCount"),
        (TARGETS, "A-2,range,1,3", "A-2,range,3,1", "targets.csv:3:value: Goal"),
        (TARGETS, "A-2,range,1,3", "A-2,>=,1,3", "targets.csv:3:high: Goal"),
        (TARGETS, "A-2,range,1,3", "A-2,>=,,", "targets.csv:3:value: Goal"),
        (TARGETS, "A-2,range,1,3", "A-2,<=,-1,", "targets.csv:3:value: Goal"),
        (TARGETS, "B-1,yes,", "B-1,yes,1", "targets.csv:4:value: Goal"),
        (TARGETS, "B-1,yes,", "B-1,có,", "targets.csv:4:operator: UnknownWord"),
        (TARGETS, "A-1,>=,80", "A-1,>=,8o", "targets.csv:2:value: Number"),
        (TARGETS, "A-1,>=,80", "A-1,>=,0.1234567", "targets.csv:2:value: Number"),
        (TARGETS, "2026-12-31", "31/12/2026", "targets.csv:2:deadline: Date"),
        (TARGETS, "2026-12-31", "2026-02-30", "targets.csv:2:deadline: Date"),
        (TARGETS, "2026-12-31", "2026-2-3", "targets.csv:2:deadline: Date"),
        (TARGETS, "3,B-1,yes,", "3,A-1,yes,", "targets.csv:4:operator: MixedKinds"),
        // tasks and units
        (TASKS, "xa-mot,I.2", "xa-mot,I.1", "tasks.csv:3:code: Duplicate"),
        (TASKS, ",true,", ",yes,", "tasks.csv:3:recurring: UnknownWord"),
        (TASKS, "12.5", "-12.5", "tasks.csv:2:budget_million_vnd: Goal"),
        (TASKS, "2026-03-31", "Quý I", "tasks.csv:2:deadline: Date"),
        (UNITS, "xa-mot,CA", "xa-ba,CA", "units.csv:2:commune: UnknownCommune"),
        (UNITS, "police\n", "police\n\nxa-mot,CA,Công an,,\n", "units.csv:4:code: Duplicate"),
        // settings
        (SETTINGS, "plan_year = 2026", "plan_year = \"2026\"", "catalogue.toml:1:plan_year: SettingType"),
        (SETTINGS, "plan_year = 2026", "plan_year = 26", "catalogue.toml:1:plan_year: Year"),
        (
            SETTINGS,
            "plan_year = 2026",
            "year = 2026",
            "catalogue.toml:1:year: SettingUnknown|catalogue.toml:1:plan_year: SettingMissing",
        ),
        (SETTINGS, "2026.1", "2031.1", "catalogue.toml:2:rules: UnknownWord"),
        (SETTINGS, "id = \"thu\"", "id = \"Thử\"", "catalogue.toml:4:province.id: NotASlug"),
        (SETTINGS, "Tỉnh Thử", "", "catalogue.toml:5:province.name: Empty"),
        (SETTINGS, "cutoff = 19\n", "", "catalogue.toml:6:days.cutoff: SettingMissing"),
        (SETTINGS, "report = 25", "report = 0", "catalogue.toml:9:days.report: Day"),
        (SETTINGS, "report = 25", "report = 25\nextra = 1", "catalogue.toml:10:days.extra: SettingUnknown"),
        (
            SETTINGS,
            "[province]",
            "province = 1\n[x]",
            "catalogue.toml:3:province: SettingType|catalogue.toml:4:x: SettingUnknown",
        ),
        (SETTINGS, "report = 25", "report = = 25", "catalogue.toml:9:-: Toml"),
        (SETTINGS, "report = 25", "cutoff = 25", "catalogue.toml:9:-: Toml"),
    ];
    for (file, from, to, expected) in table {
        let found: Vec<String> = faults(&spoiled(file, from, to)).iter().map(short).collect();
        assert_eq!(found.join("|"), *expected, "{file}: {from:?} -> {to:?}");
    }
}

#[test]
fn columns_that_came_later_may_be_missing_and_are_read_where_they_are() {
    let with = |file: &str, column: &str, cells: &[&str]| {
        let mut files = small();
        let text = String::from_utf8(files[file].clone()).unwrap();
        let cells = std::iter::once(&column).chain(cells).chain(std::iter::repeat(&""));
        let lines: Vec<String> = text.lines().zip(cells).map(|(line, cell)| format!("{line},{cell}")).collect();
        files.insert(file.into(), lines.join("\n").into_bytes());
        files
    };
    let catalogue = read(&small()).unwrap();
    assert_eq!((catalogue.communes[0].evidence, catalogue.units[0].members), (EvidenceDuty::Completed, 0));
    assert_eq!(read(&with(COMMUNES, "evidence", &["every"])).unwrap().communes[0].evidence, EvidenceDuty::Every);
    let members = with(UNITS, "members", &["3"]);
    let unit = read(&members).unwrap().units.remove(0);
    assert_eq!(unit.codes().collect::<Vec<_>>(), ["CA", "CA-01", "CA-02", "CA-03"]);
    assert_eq!((unit.name_of("CA"), unit.name_of("CA-02")), ("Công an xã".to_owned(), "Công an xã – 02".to_owned()));
    // A count that is asked of each of three is asked three times of the commune; a share is the same share.
    let mut files = with(TARGETS, "per_unit", &["CA", "CA"]);
    assert_eq!(short(&faults(&files)[0]), "targets.csv:2:per_unit: PerUnit", "it has no members");
    files.insert(UNITS.into(), members[UNITS].clone());
    let catalogue = read(&files).unwrap();
    let asked: Vec<_> = catalogue.targets.iter().take(2).map(|target| catalogue.goal_in_total(target)).collect();
    assert_eq!(asked[0], catalogue.targets[0].goal);
    assert_eq!((asked[1].value(), asked[1].high()), (Some(3.into()), Some(9.into())));
    let mut files = small();
    let named = String::from_utf8(files[INDICATORS].clone()).unwrap().replace("A-2,A", "task:A-2,task:A");
    files.insert(INDICATORS.into(), named.into_bytes());
    assert!(faults(&files).iter().any(|fault| short(fault) == "indicators.csv:3:code: ColonInCode"));
    for (file, column, cell, found) in [
        (COMMUNES, "evidence", "always", "communes.csv:2:evidence: UnknownWord"),
        (UNITS, "members", "0", "units.csv:2:members: Members"),
        (UNITS, "members", "100", "units.csv:2:members: Members"),
        (INDICATORS, "at_most_of", "X-1", "indicators.csv:2:at_most_of: UnknownIndicator"),
    ] {
        assert_eq!(short(&faults(&with(file, column, &[cell]))[0]), found);
    }
}

#[test]
fn whole_files_can_be_at_fault() {
    for name in FILES {
        let mut files = small();
        files.remove(name);
        assert_eq!(short(&faults(&files)[0]), format!("{name}:-:-: FileMissing"));
        files.insert(name.into(), vec![b' '; MAX_FILE_BYTES + 1]);
        assert_eq!(short(&faults(&files)[0]), format!("{name}:-:-: FileTooLarge"));
        files.insert(name.into(), b"a\r\nb\nc\r\xff".to_vec());
        assert_eq!(short(&faults(&files)[0]), format!("{name}:4:-: NotUtf8"));
        assert_eq!(faults(&files).len(), 1, "nothing follows from a file that cannot be read");
    }
    for empty in ["", "\n\n", "\u{feff}"] {
        let mut files = small();
        files.insert(TARGETS.into(), empty.into());
        assert_eq!(short(&faults(&files)[0]), "targets.csv:1:-: HeaderMissing");
    }
    let mut files = small();
    files.insert(INDICATORS.into(), "\u{feff}code".into());
    let wanted = INDICATOR_COLUMNS.iter().filter(|column| !LATER_COLUMNS.contains(column)).count();
    assert_eq!(faults(&files).len(), wanted - 1, "one for each column that is missing");
}

#[test]
fn too_many_rows_and_targets_are_faults() {
    let header = String::from_utf8(small()[UNITS].clone()).unwrap();
    let header = header.lines().next().unwrap();
    let rows: String = (0..=MAX_ROWS).map(|number| format!("\nxa-mot,U{number},Đơn vị,,")).collect();
    let mut files = small();
    files.insert(UNITS.into(), format!("{header}{rows}").into_bytes());
    let found = faults(&files);
    assert_eq!(found.iter().map(short).collect::<Vec<_>>(), ["units.csv:200002:-: TooManyRows"]);

    let mut files = small();
    let more: String = (0..12).map(|number| format!("xa-mot,T{number},A-1,=,50,,Lời,,,,,,\n")).collect();
    files.get_mut(TARGETS).unwrap().extend(more.bytes());
    assert_eq!(faults(&files).iter().map(short).collect::<Vec<_>>(), ["targets.csv:18:indicator: TooManyTargets"]);
}

#[test]
fn all_faults_are_collected_up_to_a_bound() {
    let rows: String = (0..MAX_FAULTS + 7).map(|number| format!("xa-mot,X{number},A-9,=,1,,Lời,,,,,,\n")).collect();
    let mut files = spoiled(SETTINGS, "report = 25", "report = 0");
    files.get_mut(TARGETS).unwrap().extend(rows.bytes());
    let found = faults(&files);
    assert_eq!(found.len(), MAX_FAULTS + 1);
    assert_eq!(short(&found[0]), "catalogue.toml:9:days.report: Day");
    // One in the settings, one for each new row, and one more for each beyond the targets that an indicator may have.
    let rows = MAX_FAULTS + 7;
    let all = 1 + rows + rows - MAX_TARGETS_PER_INDICATOR;
    assert_eq!(found[MAX_FAULTS].problem, Problem::More { hidden: all - MAX_FAULTS });
    assert_eq!(found[MAX_FAULTS].file, "");
}

#[test]
fn a_fault_reads_as_a_sentence_for_people() {
    let found = faults(&spoiled(TARGETS, "A-2,range,1,3", "A-2,range,3,1"));
    let fault = &found[0];
    assert_eq!(fault.problem, Problem::Goal(GoalError::UpsideDown));
    assert_eq!(
        fault.explain(Language::Vi),
        "targets.csv, dòng 3, cột value: khoảng bị ngược: đầu dưới lớn hơn đầu trên; đổi lại"
    );
    assert_eq!(fault.to_string(), "targets.csv, line 3, column value: the range is upside down");
    let found = faults(&spoiled(UNITS, "commune,code,name,variants,role", "commune;code;name;variants;role"));
    assert!(found[0].explain(Language::Vi).contains("dấu chấm phẩy chứ không phải dấu phẩy; lưu lại dạng “CSV UTF-8”"));
    let found = faults(&spoiled(SETTINGS, "report = 25", "report = 0"));
    assert_eq!(
        found[0].explain(Language::Vi),
        "catalogue.toml, dòng 9, mục days.report: “0” không phải ngày trong tháng; viết số từ 1 đến 31"
    );
    let found = faults(&spoiled(INDICATORS, "monthly", "continuous"));
    assert!(found[0].explain(Language::Vi).ends_with("(để trống), monthly, quarterly, half_yearly, yearly"));
}

#[test]
fn bad_rows_do_not_hide_or_invent_others() {
    let mut files = spoiled(INDICATORS, "A-1,A,Nhóm A,Tỷ lệ,Share,%,ratio", "A-1,A,Nhóm A,Tỷ lệ,Share,%,tỷ lệ");
    files.insert(TASKS.into(), spoiled(TASKS, "2026-03-31", "hôm qua")[TASKS].clone());
    let found: Vec<String> = faults(&files).iter().map(short).collect();
    assert_eq!(found, ["indicators.csv:2:kind: UnknownWord", "tasks.csv:2:deadline: Date"]);
    let mut files = small();
    files.insert(COMMUNES.into(), b"slug;code".to_vec());
    assert_eq!(faults(&files).iter().map(short).collect::<Vec<_>>(), ["communes.csv:1:-: Separator"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_the_reader_fall_over(
        file in 0..FILES.len(),
        spots in proptest::collection::vec((any::<proptest::sample::Index>(), proptest::collection::vec(any::<u8>(), 0..4)), 1..6),
        delivered: bool,
    ) {
        let mut files = if delivered { sample::files() } else { small() };
        let bytes = files.get_mut(FILES[file]).unwrap();
        for (at, put) in &spots {
            let at = at.index(bytes.len());
            bytes.splice(at..at + usize::from(at % 2 == 0), put.iter().copied());
        }
        if let Err(found) = read(&files) {
            prop_assert!(!found.is_empty() && found.len() <= MAX_FAULTS + 1);
            for fault in found {
                prop_assert!(!fault.explain(Language::Vi).is_empty() && !fault.to_string().is_empty());
            }
        }
    }

    #[test]
    fn signs_that_tables_are_made_of_do_neither(file in 0..FILES.len(), text in "[\",;\\r\\n=\\[\\]a-c1\u{feff}\\. -]{0,60}") {
        let mut files = small();
        files.insert(FILES[file].into(), text.into_bytes());
        prop_assert!(!faults(&files).is_empty());
    }
}
