"""The rules of matching, PS3.4 C.2.2.2, as a table of cases for the index and for the wire.

A case stores one object with these values, asks for it at a level with this key, and says whether
it is found. A value is text, a number, a list (several values; of a sequence, its items) or, in a
key, a dictionary (its one item). `options` are what extended negotiation agreed.
"""

from dataclasses import dataclass, field

from archive.attributes import BY_KEYWORD
from archive.options import Options

YES, NO = True, False
CT = "1.2.840.10008.5.1.4.1.1.2"


@dataclass(frozen=True)
class Case:
    """One case, with the clause it reads."""

    clause: str
    level: str
    keyword: str  # the first, or only, attribute of the key
    stored: dict
    key: dict
    matches: bool
    options: Options = field(default_factory=Options)

    def __str__(self) -> str:
        return f"{self.clause} {self.keyword}"


def _level(keyword: str) -> str:
    return {"PATIENT": "STUDY"}.get(BY_KEYWORD[keyword].level, BY_KEYWORD[keyword].level)


def _single(rows, **agreed):
    for clause, keyword, stored, key, matches in rows:
        level = "STUDY" if keyword == "InstanceAvailability" else _level(keyword)
        values = {} if stored is None else {keyword: stored}
        yield Case(clause, level, keyword, values, {keyword: key}, matches, Options(**agreed))


def _several(rows, **agreed):
    for clause, stored, key, matches in rows:
        keyword = next(iter(key))
        yield Case(clause, _level(keyword), keyword, stored, key, matches, Options(**agreed))


BASIC = [
    # C.2.2.2.1 single value: exact and case-sensitive, except names
    ("C.2.2.2.1", "StudyID", "S1", "S1", YES),
    ("C.2.2.2.1", "StudyID", "S1", "s1", NO),
    ("C.2.2.2.1", "StudyID", "S1", "S", NO),
    ("C.2.2.2.1", "StudyID", "S1", "S10", NO),
    ("C.2.2.2.1", "PatientID", "A-1", "A-1", YES),
    ("C.2.2.2.1", "PatientID", "A-1", "a-1", NO),
    ("C.2.2.2.1", "Modality", "CT", "CT", YES),
    ("C.2.2.2.1", "Modality", "CT", "MR", NO),
    ("C.2.2.2.1", "PatientAge", "045Y", "045Y", YES),
    ("C.2.2.2.1", "PatientAge", "045Y", "045M", NO),
    ("C.2.2.2.1", "StudyInstanceUID", "1.2.3", "1.2.3", YES),
    ("C.2.2.2.1", "StudyInstanceUID", "1.2.3", "1.2.30", NO),
    ("C.2.2.2.1", "StudyDescription", "O'Neill; DROP", "O'Neill; DROP", YES),
    ("C.2.2.2.1", "StudyDescription", "胸部", "胸部", YES),
    # PS3.5 6.2: padding is no part of a value
    ("PS3.5 6.2", "StudyID", " S1 ", "S1", YES),
    ("PS3.5 6.2", "StudyID", "S1", " S1 ", YES),
    ("PS3.5 6.2", "PatientComments", " a", "a", NO),
    # C.2.2.2.1.1: names without case, accents, trailing delimiters
    ("C.2.2.2.1.1", "PatientName", "Doe^John", "Doe^John", YES),
    ("C.2.2.2.1.1", "PatientName", "Doe^John", "DOE^JOHN", YES),
    ("C.2.2.2.1.1", "PatientName", "Doe^John^^", "Doe^John", YES),
    ("C.2.2.2.1.1", "PatientName", "Doe^John", "Doe", NO),
    ("C.2.2.2.1.1", "PatientName", "Doe^John", "Doe^Jo", NO),
    ("C.2.2.2.1.1", "PatientName", "Müller^José", "MULLER^JOSE", YES),
    ("C.2.2.2.1.1", "PatientName", "Muller", "Müller", YES),
    ("C.2.2.2.1.1", "PatientName", "Yamada^Tarou=山田^太郎", "山田^太郎", YES),
    ("C.2.2.2.1.1", "PatientName", "Yamada^Tarou=山田^太郎", "yamada^tarou", YES),
    ("C.2.2.2.1.1", "PatientName", "Yamada^Tarou=山田^太郎", "Yamada^Tarou=山田^太郎", YES),
    ("C.2.2.2.1.1", "PatientName", "Yamada^Tarou=山田^太郎", "山田", NO),
    ("C.2.2.2.1.1", "ReferringPhysicianName", "Who^Dr", "who^dr", YES),
    # C.2.2.2.1.3: dates and times by meaning
    ("C.2.2.2.1.3", "StudyDate", "20240229", "20240229", YES),
    ("C.2.2.2.1.3", "StudyDate", "2024.02.29", "20240229", YES),
    ("C.2.2.2.1.3", "StudyDate", "20240229", "2024.02.29", YES),
    ("C.2.2.2.1.3", "StudyDate", "20240229", "20240228", NO),
    ("C.2.2.2.1.3", "StudyTime", "2230", "223000", YES),
    ("C.2.2.2.1.3", "StudyTime", "223000", "2230", YES),
    ("C.2.2.2.1.3", "StudyTime", "22:30:00", "2230", YES),
    ("C.2.2.2.1.3", "StudyTime", "223000.000000", "223000", YES),
    ("C.2.2.2.1.3", "StudyTime", "223015", "2230", YES),
    ("C.2.2.2.1.3", "StudyTime", "2230", "2231", NO),
    ("C.2.2.2.1.3", "StudyTime", "223000.5", "223000.6", NO),
    ("C.2.2.2.1.3", "AcquisitionDateTime", "20240101120000", "202401011200", YES),
    ("C.2.2.2.1.3", "AcquisitionDateTime", "20240101120000+0100", "20240101110000+0000", YES),
    ("C.2.2.2.1.3", "AcquisitionDateTime", "20240101120000+0100", "20240101120000+0000", NO),
    # numbers by value
    ("C.2.2.2.1", "SeriesNumber", "007", "7", YES),
    ("C.2.2.2.1", "SeriesNumber", "7", "+7", YES),
    ("C.2.2.2.1", "SeriesNumber", "7", "70", NO),
    ("C.2.2.2.1", "PatientWeight", "70.50", "70.5", YES),
    ("C.2.2.2.1", "PatientWeight", "7.05e1", "70.5", YES),
    ("C.2.2.2.1", "PatientWeight", "70.5", "70.51", NO),
    ("C.2.2.2.1", "Rows", 512, 512, YES),
    ("C.2.2.2.1", "Rows", 512, 511, NO),
    # C.2.2.2.2 list of UID
    ("C.2.2.2.2", "StudyInstanceUID", "1.2.3", ["1.2.3", "1.2.4"], YES),
    ("C.2.2.2.2", "StudyInstanceUID", "1.2.3", ["1.2.4", "1.2.5"], NO),
    ("C.2.2.2.2", "SOPClassUID", "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.2", YES),
    # C.2.2.2.3 universal
    ("C.2.2.2.3", "StudyID", "S1", "", YES),
    ("C.2.2.2.3", "StudyDate", "20240101", "", YES),
    ("C.2.2.2.3", "StudyDescription", "", "", YES),
    # C.2.2.2.4 wildcards
    ("C.2.2.2.4", "StudyDescription", "A_1x", "A_1*", YES),
    ("C.2.2.2.4", "StudyDescription", "AB1", "A_1*", NO),
    ("C.2.2.2.4", "StudyDescription", "100%", "100%*", YES),
    ("C.2.2.2.4", "StudyDescription", "100x", "100%*", NO),
    ("C.2.2.2.4", "StudyDescription", "[abc]", "[abc]*", YES),
    ("C.2.2.2.4", "StudyDescription", "a", "[abc]*", NO),
    ("C.2.2.2.4", "StudyDescription", "[^a]", "[^a]?", NO),
    ("C.2.2.2.4", "StudyDescription", "[!a]x", "[!a]?", YES),
    ("C.2.2.2.4", "StudyDescription", "x-]y", "*-]*", YES),
    ("C.2.2.2.4", "PatientComments", "a\\b", "a\\*", YES),
    ("C.2.2.2.4", "PatientComments", "axb", "a\\*", NO),
    ("C.2.2.2.4", "StudyDescription", "CHEST CT", "*", YES),
    ("C.2.2.2.4", "StudyDescription", "", "*", YES),
    ("C.2.2.2.4", "StudyDescription", "CHEST CT", "*EST*", YES),
    ("C.2.2.2.4", "StudyDescription", "CHEST CT", "chest*", NO),
    ("C.2.2.2.4", "StudyDescription", "CHEST CT", "CHEST?CT", YES),
    ("C.2.2.2.4", "StudyDescription", "CHEST CT", "CHEST?", NO),
    ("C.2.2.2.4", "StudyDescription", "CHEST", "CHEST*", YES),
    ("C.2.2.2.4", "StudyDescription", "CHEST", "CHEST?", NO),
    ("C.2.2.2.4", "StudyDescription", "胸部", "胸?", YES),
    ("C.2.2.2.4", "StudyDescription", "", "?", NO),
    ("C.2.2.2.4", "Modality", "CT", "C?", YES),
    ("C.2.2.2.4", "AccessionNumber", "A123", "A*3", YES),
    ("C.2.2.2.4", "PatientID", "A123", "A*", YES),
    ("C.2.2.2.4", "PatientName", "Doe^John", "doe*", YES),
    ("C.2.2.2.4", "PatientName", "Doe^John", "*JOHN", YES),
    ("C.2.2.2.4", "PatientName", "Doe^John", "D?e^J*", YES),
    ("C.2.2.2.4", "PatientName", "Doe^John", "jo*", NO),
    ("C.2.2.2.4", "PatientName", "A=B^C", "b*", YES),
    ("C.2.2.2.4", "PatientName", "A^1=C^B=D", "A*B", NO),
    # ... and nowhere else
    ("C.2.2.2.4", "StudyInstanceUID", "1.2.3", "1.2.*", NO),
    ("C.2.2.2.4", "SeriesNumber", "12", "1*", NO),
    ("C.2.2.2.4", "SeriesNumber", "12", "1?", NO),
    ("C.2.2.2.4", "PatientAge", "045Y", "045?", NO),
    ("C.2.2.2.4", "PatientWeight", "70", "7*", NO),
    # C.2.2.2.5 ranges, both ends included
    ("C.2.2.2.5", "StudyDate", "20240101", "20240101-20240131", YES),
    ("C.2.2.2.5", "StudyDate", "20240131", "20240101-20240131", YES),
    ("C.2.2.2.5", "StudyDate", "20240201", "20240101-20240131", NO),
    ("C.2.2.2.5", "StudyDate", "20231231", "20240101-20240131", NO),
    ("C.2.2.2.5", "StudyDate", "20240101", "-20240101", YES),
    ("C.2.2.2.5", "StudyDate", "20240102", "-20240101", NO),
    ("C.2.2.2.5", "StudyDate", "20240101", "20240101-", YES),
    ("C.2.2.2.5", "StudyDate", "20231231", "20240101-", NO),
    ("C.2.2.2.5", "StudyDate", "2024.01.15", "20240101-20240131", YES),
    ("C.2.2.2.5", "StudyDate", "unknown", "19000101-", NO),
    ("C.2.2.2.5", "StudyDate", "unknown", "-20991231", NO),
    ("C.2.2.2.5", "StudyTime", "1030", "10-11", YES),
    ("C.2.2.2.5", "StudyTime", "115959", "10-11", YES),
    ("C.2.2.2.5", "StudyTime", "12", "10-11", NO),
    ("C.2.2.2.5", "StudyTime", "103000", "1030-1030", YES),
    ("C.2.2.2.5", "StudyTime", "235960", "2359-", YES),
    ("C.2.2.2.5", "StudyTime", "000000", "-0000", YES),
    ("C.2.2.2.5", "StudyTime", "230000", "2200-0200", NO),
    ("C.2.2.2.5", "AcquisitionDateTime", "20240101120000", "20240101-20240102", YES),
    ("C.2.2.2.5", "AcquisitionDateTime", "20240103", "20240101-20240102", NO),
    ("C.2.2.2.5", "AcquisitionDateTime", "20240101033000+0200", "2024010101-2024010102", YES),
    ("C.2.2.2.5", "AcquisitionDateTime", "20240101120000", "20240101-0500-", YES),
    ("C.2.2.2.5", "AcquisitionDateTime", "20240101040000", "20240101-0500-", NO),
    ("C.2.2.2.5", "SeriesNumber", "5", "1-9", NO),
    ("C.2.2.2.5", "StudyID", "5", "1-9", NO),
    # C.2.2.2: any value of several matches
    ("C.2.2.2", "ImageType", "ORIGINAL\\PRIMARY\\AXIAL", "AXIAL", YES),
    ("C.2.2.2", "ImageType", "ORIGINAL\\PRIMARY\\AXIAL", "ORIGINAL", YES),
    ("C.2.2.2", "ImageType", "ORIGINAL\\PRIMARY\\AXIAL", "AX*", YES),
    ("C.2.2.2", "ImageType", "ORIGINAL\\PRIMARY\\AXIAL", "X\\O*L", YES),
    ("C.2.2.2", "ImageType", "ORIGINAL\\PRIMARY\\AXIAL", "P*L", NO),
    ("C.2.2.2", "OperatorsName", "A^B\\C^D", "c^d", YES),
    ("C.2.2.2", "OperatorsName", "A^B\\C^D", "a*d", NO),
    ("C.2.2.2", "OperatorsName", 'A"^B\\C^[D]', "*[d]", YES),
    ("C.2.2.2", "AdmittingDiagnosesDescription", "flu\\cold", "cold", YES),
    # C.2.2.1.2: a required key that is unknown matches, an optional one does not
    ("C.2.2.1.2", "StudyDate", "", "20240101", YES),
    ("C.2.2.1.2", "PatientName", "", "Doe", YES),
    ("C.2.2.1.2", "AccessionNumber", "", "A1", YES),
    ("C.2.2.1.2", "Modality", "", "CT", YES),
    ("C.2.2.1.3", "StudyDescription", "", "x", NO),
    ("C.2.2.1.3", "PatientBirthDate", "", "20240101", NO),
    ("C.2.2.2", "RelatedGeneralSOPClassUID", "1.2\\1.3", "1.3", YES),
    ("C.2.2.2", "RelatedGeneralSOPClassUID", "1.2\\1.3", ["1.4", "1.3"], YES),
    ("C.2.2.2", "RelatedGeneralSOPClassUID", "1.2\\1.3", "1.2.3", NO),
    ("C.2.2.2", "OtherStudyNumbers", "007\\12", "7", YES),
    ("C.2.2.2", "OtherStudyNumbers", "007\\12", "13", NO),
    ("C.2.2.2", "OtherPatientNames", "A^B\\C^D=山", "=山", YES),
    ("C.2.2.2", "OtherPatientNames", "A^B\\C^D=山", "A=山", NO),
    ("C.2.2.2", "OtherPatientNames", "A^B\\C^D=山", "c*=山", YES),
    # computed keys
    ("C.3.4", "ModalitiesInStudy", None, "CT", YES),
    ("C.3.4", "ModalitiesInStudy", None, "C?", YES),
    ("C.3.4", "ModalitiesInStudy", None, "MR", NO),
    ("C.3.4", "ModalitiesInStudy", None, ["MR", "CT"], YES),
    ("C.3.4", "SOPClassesInStudy", None, "1.2.840.10008.5.1.4.1.1.2", YES),
    ("C.3.4", "SOPClassesInStudy", None, ["1.2", "1.3"], NO),
    ("C.3.4", "NumberOfStudyRelatedInstances", None, "1", YES),
    ("C.3.4", "NumberOfStudyRelatedInstances", None, "2", NO),
    ("C.3.4", "AvailableTransferSyntaxUID", None, "1.2.840.10008.1.2.1", YES),
    ("C.4.1.1.3", "TimezoneOffsetFromUTC", "+0100", "+0200", YES),  # not a key
]

# PS3.5 6.2.1.2: three component groups
GROUPS = [
    ("C.2.2.2.1.1", "PatientName", "Yamada^Tarou=山田^太郎=やまだ^たろう", "=山田*", YES),
    ("C.2.2.2.1.1", "PatientName", "Yamada^Tarou=山田^太郎=やまだ^たろう", "=山田^太郎", YES),
    ("C.2.2.2.1.1", "PatientName", "Yamada^Tarou=山田^太郎=やまだ^たろう", "==やまだ*", YES),
    ("C.2.2.2.1.1", "PatientName", "Yamada^Tarou=山田^太郎=やまだ^たろう", "=やまだ*", NO),
    ("C.2.2.2.1.1", "PatientName", "Yamada^Tarou=山田^太郎=やまだ^たろう", "==山田*", NO),
    ("C.2.2.2.1.1", "PatientName", "Yamada^Tarou=山田^太郎=やまだ^たろう", "山田*=*", YES),
    ("C.2.2.2.1.1", "PatientName", "Yamada^Tarou=山田^太郎=やまだ^たろう", "=*=やまだ*", YES),
    ("C.2.2.2.1.1", "PatientName", "Yamada^Tarou=山田^太郎=やまだ^たろう", "yamada*=山田*", YES),
    ("C.2.2.2.1.1", "PatientName", "Yamada^Tarou=山田^太郎=やまだ^たろう", "suzuki*=山田*", NO),
    (
        "C.2.2.2.1.1",
        "PatientName",
        "Yamada^Tarou=山田^太郎=やまだ^たろう",
        "Yamada^Tarou=山田^太郎",
        YES,
    ),
    ("C.2.2.2.1.1", "PatientName", "Yamada^Tarou=山田^太郎=やまだ^たろう", "Yamada^Tarou=山田", NO),
    ("C.2.2.2.1.1", "PatientName", "Yamada^Tarou=山田^太郎=やまだ^たろう", "*太郎", YES),
    ("C.2.2.2.1.1", "PatientName", "Yamada^Tarou=山田^太郎=やまだ^たろう", "やまだ^たろう", YES),
    ("C.2.2.2.1.1", "PatientName", "Yamada^Tarou=山田^太郎=やまだ^たろう", "ya*ろう", NO),
    ("C.2.2.2.1.1", "PatientName", "Yamada^Tarou=山田^太郎=やまだ^たろう", "*=*=*", YES),
    ("C.2.2.2.1.1", "PatientName", "=山田^太郎", "=山田^太郎", YES),
    ("C.2.2.2.1.1", "PatientName", "=山田^太郎", "山田*", YES),
    ("C.2.2.2.1.1", "PatientName", "=山田^太郎", "Yamada", NO),
    ("C.2.2.2.1.1", "PatientName", "Yamada^Tarou", "=山田*", NO),
    ("C.2.2.2.1.1", "PatientName", "Yamada^Tarou", "Yamada*=", YES),
    ("C.2.2.2.1.1", "PatientName", "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎", "ヤマダ*", YES),
    ("C.2.2.2.1.1", "PatientName", "Hong^Gildong=洪^吉洞=홍^길동", "==홍*", YES),
    ("C.2.2.2.1.1", "PatientName", "Hong^Gildong=洪^吉洞=홍^길동", "=?^吉洞", YES),
    ("C.2.2.2.1.1", "PatientName", "Hong^Gildong=洪^吉洞=홍^길동", "=??^吉洞", NO),
    # components
    ("C.2.2.2.1.1", "PatientName", "Adams^John Robert Quincy^^Rev.^B.A.", "adams^*^^rev.*", YES),
    ("C.2.2.2.1.1", "PatientName", "Adams^John Robert Quincy^^Rev.^B.A.", "adams^john*", YES),
    ("C.2.2.2.1.1", "PatientName", "Adams^John Robert Quincy^^Rev.^B.A.", "adams^quincy*", NO),
    ("C.2.2.2.1.1", "PatientName", "Adams^John^^Rev.", "Adams^John^Rev.", NO),
    ("C.2.2.2.1.1", "PatientName", "Doe^John", "Doe ^ John", YES),
    ("C.2.2.2.1.1", "PatientName", "van  der Berg^Jan", "van der berg*", YES),
    ("C.2.2.2.1.1", "PatientName", "Doe^", "Doe", YES),
    ("C.2.2.2.1.1", "PatientName", "Doe", "Doe^^^^", YES),
    ("C.2.2.2.1.1", "PatientName", "Doe^J", "Doe,J", NO),
    # case, accents, width, as documented
    ("C.2.2.2.1.1", "PatientName", "Straße^Å", "STRASSE^a", YES),
    ("C.2.2.2.1.1", "PatientName", "Ｄｏｅ^Ｊ", "doe^j", YES),
    ("C.2.2.2.1.1", "PatientName", "Люкceмбypг", "люкceмбypг", YES),
    ("C.2.2.2.1.1", "PatientName", "ΔΙΟΝΥΣΙΟΣ", "διονυσιος", YES),
    ("C.2.2.2.1.1", "PatientName", "Øster^Å", "Oster^A", NO),
    ("C.2.2.2.1.1", "PatientName", "カ", "ガ", NO),
    ("C.2.2.2.1.1", "PatientName", "O'Neill^Shaun", "o'neill*", YES),
]

MORE = [
    # case counts in every representation but PN
    ("C.2.2.2.1", "AccessionNumber", "abc", "ABC", NO),
    ("C.2.2.2.1", "BodyPartExamined", "CHEST", "chest", NO),
    ("C.2.2.2.1", "InstitutionName", "Spital", "spital", NO),
    ("C.2.2.2.1", "StudyDescription", "Thorax é", "Thorax e", NO),
    ("C.2.2.2.1", "PatientSex", "F", "F", YES),
    ("C.2.2.2.1", "PatientSex", "F", "M", NO),
    ("C.2.2.2.1", "CompletionFlag", "COMPLETE", "COMPLETE", YES),
    ("C.2.2.2.1", "ContentLabel", "LABEL_1", "LABEL_1", YES),
    ("C.2.2.2.1", "FrameOfReferenceUID", "1.2.3.4", "1.2.3.4", YES),
    ("C.2.2.2.1", "FrameOfReferenceUID", "1.2.3.4", "1.2.3.40", NO),
    ("C.2.2.2.1", "PatientPosition", "HFS", "HFS", YES),
    # padding, PS3.5 6.2 and 9.1
    ("PS3.5 6.2", "StudyInstanceUID", "1.2.3\0", "1.2.3", YES),
    ("PS3.5 6.2", "AccessionNumber", "A1  ", "A1", YES),
    ("PS3.5 6.2", "AccessionNumber", "  A1", "A1", YES),
    ("PS3.5 6.2", "AccessionNumber", "A1\0", "A1", YES),
    ("PS3.5 6.2", "AccessionNumber", "A 1", "A1", NO),
    ("PS3.5 6.2", "Modality", "CT ", "CT", YES),
    ("PS3.5 6.2", "PatientComments", "a  ", "a", YES),
    ("PS3.5 6.2", "PatientComments", " a", " a", YES),
    ("PS3.5 6.2", "ImageType", "ORIGINAL \\ PRIMARY", "PRIMARY", YES),
    ("PS3.5 6.2", "SeriesNumber", " 7 ", "7", YES),
    ("PS3.5 6.2", "StudyDate", "20240101  ", "20240101", YES),
    ("PS3.5 6.2", "StudyTime", "1030  ", "103000", YES),
    # numbers by value
    ("C.2.2.2.1", "InstanceNumber", "-1", "-01", YES),
    ("C.2.2.2.1", "InstanceNumber", "0", "-0", YES),
    ("C.2.2.2.1", "InstanceNumber", "10", "1", NO),
    ("C.2.2.2.1", "PatientSize", "1.80", "1.8", YES),
    ("C.2.2.2.1", "PatientSize", "18e-1", "1.8", YES),
    ("C.2.2.2.1", "PatientSize", "+1.8", "01.800", YES),
    ("C.2.2.2.1", "PatientSize", "1.8", "18", NO),
    ("C.2.2.2.1", "PatientSize", ".5", "0.5", YES),
    ("C.2.2.2.1", "Columns", 512, 512, YES),
    ("C.2.2.2.1", "BitsAllocated", 16, 16, YES),
    ("C.2.2.2.1", "BitsAllocated", 16, 8, NO),
    ("C.2.2.2.1", "NumberOfFrames", "010", "10", YES),
    ("C.2.2.2.1", "NumberOfFrames", "10", "1", NO),
    # wildcards: `?` is exactly one, `*` any run, also an empty one
    ("C.2.2.2.4", "AccessionNumber", "A123", "A???", YES),
    ("C.2.2.2.4", "AccessionNumber", "A123", "A??", NO),
    ("C.2.2.2.4", "AccessionNumber", "A123", "*123*", YES),
    ("C.2.2.2.4", "AccessionNumber", "A123", "A*1*3", YES),
    ("C.2.2.2.4", "AccessionNumber", "A123", "A*2*1*", NO),
    ("C.2.2.2.4", "AccessionNumber", "A123", "**", YES),
    ("C.2.2.2.4", "AccessionNumber", "A123", "?*", YES),
    ("C.2.2.2.4", "StationName", "CT_01", "CT?01", YES),
    ("C.2.2.2.4", "StationName", "CT-01", "CT_01*", NO),
    ("C.2.2.2.4", "StudyID", "1]2", "1]*", YES),
    ("C.2.2.2.4", "StudyID", "a^b", "a^*", YES),
    ("C.2.2.2.4", "StudyID", "[1-9]", "[1-9]*", YES),
    ("C.2.2.2.4", "StudyID", "5", "[1-9]*", NO),
    ("C.2.2.2.4", "PatientComments", "line one\r\nline two", "*two", YES),
    ("C.2.2.2.4", "PatientSex", "F", "?", YES),
    ("C.2.2.2.4", "ImageType", "ORIGINAL\\PRIMARY", "*GINAL*", YES),
    ("C.2.2.2.4", "ImageType", "ORIGINAL\\PRIMARY", "ORIGINAL*PRIMARY", NO),
    ("C.2.2.2.4", "SOPClassUID", CT, "1.2.840*", NO),
    ("C.2.2.2.4", "FrameOfReferenceUID", "1.2.3", "1.2.?", NO),
    ("C.2.2.2.4", "PatientAge", "045Y", "*Y", NO),
    ("C.2.2.2.4", "PatientSize", "1.8", "1.?", NO),
    ("C.2.2.2.4", "OtherStudyNumbers", "12", "1*", NO),
    # dates and times: partial ones, ends, fractions, the leap second
    ("C.2.2.2.1.3", "StudyTime", "103015", "1030", YES),
    ("C.2.2.2.1.3", "StudyTime", "103015", "10", YES),
    ("C.2.2.2.1.3", "StudyTime", "10", "103015", NO),
    ("C.2.2.2.1.3", "StudyTime", "103015.25", "103015", YES),
    ("C.2.2.2.1.3", "StudyTime", "103015.25", "103015.2", YES),
    ("C.2.2.2.1.3", "StudyTime", "103015.25", "103015.250000", YES),
    ("C.2.2.2.1.3", "StudyTime", "103015.25", "103015.3", NO),
    ("C.2.2.2.1.3", "StudyTime", "235960", "2359", YES),
    ("C.2.2.2.1.3", "StudyTime", "235960", "235960", YES),
    ("C.2.2.2.1.3", "StudyTime", "235960", "235959", NO),
    ("C.2.2.2.1.3", "AcquisitionDateTime", "20240101120000.5", "20240101120000", YES),
    ("C.2.2.2.1.3", "AcquisitionDateTime", "20240101120000.5", "20240101", YES),
    ("C.2.2.2.1.3", "AcquisitionDateTime", "20240101120000.5", "202401", YES),
    ("C.2.2.2.1.3", "AcquisitionDateTime", "20240101120000.5", "20240102", NO),
    ("C.2.2.2.1.3", "AcquisitionDateTime", "20231231233000-0100", "20240101003000+0000", YES),
    ("C.2.2.2.5", "StudyTime", "103015.5", "103015.4-103015.6", YES),
    ("C.2.2.2.5", "StudyTime", "103015.5", "103015.6-103015.7", NO),
    ("C.2.2.2.5", "StudyTime", "103015.5", "-103015.5", YES),
    ("C.2.2.2.5", "StudyTime", "103015.5", "103015.5-", YES),
    ("C.2.2.2.5", "StudyTime", "235960", "235959-", YES),
    ("C.2.2.2.5", "StudyTime", "235960.5", "-2359", YES),
    ("C.2.2.2.5", "StudyTime", "235959.999999", "-2359", YES),
    ("C.2.2.2.5", "StudyTime", "10:30", "10:00-11:00", YES),
    ("C.2.2.2.5", "StudyTime", "garbage", "00-23", NO),
    ("C.2.2.2.5", "StudyDate", "20240229", "20240228-20240301", YES),
    ("C.2.2.2.5", "StudyDate", "20240229", "20240229-20240229", YES),
    ("C.2.2.2.5", "StudyDate", "20240229", "20240301-20240201", NO),
    ("C.2.2.2.5", "StudyDate", "20240229", "2024.02.01-2024.02.29", YES),
    ("C.2.2.2.5", "PatientBirthDate", "19700101", "-19791231", YES),
    ("C.2.2.2.5", "PatientBirthDate", "19700101", "19800101-", NO),
    ("C.2.2.2.5", "PerformedProcedureStepStartDate", "20240105", "20240101-20240107", YES),
    ("C.2.2.2.5", "PerformedProcedureStepStartTime", "1200", "1100-1300", YES),
    ("C.2.2.2.5", "ContentDate", "20240105", "20240106-", NO),
    ("C.2.2.2.5", "AcquisitionDateTime", "20240101120000+0100", "20240101110000+0000-", YES),
    ("C.2.2.2.5", "AcquisitionDateTime", "20240101120000+0100", "-20240101105959+0000", NO),
    ("C.2.2.2.5", "AcquisitionDateTime", "20240101120000", "2023-2025", YES),
    # what is no option here is no rule: quotation marks are text, a list is still a list
    ("C.2.2.2", "StudyID", "", '""', YES),  # required, and unknown
    ("C.2.2.2", "StudyDescription", "", '""', NO),
    ("C.2.2.2", "StudyDescription", '""', '""', YES),
    ("C.2.2.1.2", "StudyTime", "", "10-11", YES),
    ("C.2.2.1.2", "InstanceNumber", "", "1", YES),
    ("C.2.2.1.2", "SeriesNumber", "", "1", YES),
    ("C.2.2.1.3", "ReferringPhysicianName", "", "Who", NO),
    ("C.2.2.1.3", "Rows", None, 512, NO),
    ("C.3.4", "NumberOfPatientRelatedStudies", None, "01", YES),
    ("C.3.4", "NumberOfSeriesRelatedInstances", None, "1", YES),
    ("C.3.4", "NumberOfStudyRelatedSeries", None, "0", NO),
    ("C.3.4", "SOPClassesInStudy", None, "1.2.840*", NO),
    (
        "C.3.4",
        "AvailableTransferSyntaxUID",
        None,
        ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"],
        YES,
    ),
    ("C.3.4", "AvailableTransferSyntaxUID", None, "1.2.840.10008.1.2", NO),
    ("C.3.4", "InstanceAvailability", None, "OFFLINE", YES),  # only told
]

FUZZY = [
    ("C.5.1.1", "PatientName", "Meier^Anna", "Meyer", YES),
    ("C.5.1.1", "PatientName", "Meier^Anna", "Maier^Ana", YES),
    ("C.5.1.1", "PatientName", "Meier^Anna", "Anna Meier", YES),
    ("C.5.1.1", "PatientName", "Meier^Anna", "Schulz", NO),
    ("C.5.1.1", "PatientName", "Meier^Anna", "Meyer^Otto", NO),
    ("C.5.1.1", "PatientName", "Müller^José", "Mueller^Jose", YES),
    ("C.5.1.1", "PatientName", "Katherine", "Catherine", YES),
    ("C.5.1.1", "PatientName", "O'Neill^Shaun", "ONeal", YES),
    ("C.5.1.1", "PatientName", "Jansen^Piet", "Janssen", YES),
    ("C.5.1.1", "PatientName", "Jansen^Piet", "Janssen*", NO),  # a pattern has no sound
    ("C.5.1.1", "PatientName", "Jansen^Piet", "jan* piet", YES),
    ("C.5.1.1", "PatientName", "Yamada^Tarou=山田^太郎", "太郎", YES),
    ("C.5.1.1", "PatientName", "Yamada^Tarou=山田^太郎", "次郎", NO),
    ("C.5.1.1", "PatientName", "Doe^John", "doe*", YES),
    ("C.5.1.1", "ReferringPhysicianName", "Smith^J", "Schmidt", YES),
    ("C.5.1.1", "OperatorsName", "A^B\\Meier^C", "Mayer", YES),
    ("C.5.1.1", "StudyDescription", "Meier", "Meyer", NO),
]
LITERAL = [("C.2.2.2.1.1", keyword, stored, key, NO) for _, keyword, stored, key, _ in FUZZY[:3]]

EMPTY = [
    ("C.2.2.2.7", "StudyDescription", "", '""', YES),
    ("C.2.2.2.7", "StudyDescription", None, '""', YES),
    ("C.2.2.2.7", "StudyDescription", "x", '""', NO),
    ("C.2.2.2.7", "StudyDate", "", '""', YES),
    ("C.2.2.2.7", "StudyDate", "20240101", '""', NO),
    ("C.2.2.2.7", "StudyDate", "garbage", '""', NO),
    ("C.2.2.2.7", "PatientName", "", '""', YES),
    ("C.2.2.2.7", "PatientName", "=山田", '""', NO),
    ("C.2.2.2.7", "SeriesNumber", "1", '""', NO),
    ("C.2.2.2.7", "FrameOfReferenceUID", None, '""', YES),
    ("C.2.2.2.7", "FrameOfReferenceUID", "1.2", '""', NO),
    ("C.2.2.2.7", "ImageType", "\\PRIMARY", '""', NO),
    ("C.2.2.2.7", "ModalitiesInStudy", None, '""', NO),
    ("C.2.2.2.7", "BodyPartExamined", "CHEST", ["HEAD", '""'], NO),
    ("C.2.2.2.7", "BodyPartExamined", "", ["HEAD", '""'], YES),
    ("C.2.2.2.7", "BodyPartExamined", "HEAD", ["HEAD", '""'], YES),
]
MULTIPLE = [
    ("C.2.2.2.8", "BodyPartExamined", "CHEST", ["HEAD", "CHEST"], YES),
    ("C.2.2.2.8", "BodyPartExamined", "ABDOMEN", ["HEAD", "CHEST"], NO),
    ("C.2.2.2.8", "BodyPartExamined", "CHEST", ["HEAD", "CH*"], YES),
    ("C.2.2.2.8", "PatientID", "B", ["A", "B"], YES),
    ("C.2.2.2.8", "PatientID", "C", ["A", "B"], NO),
    ("C.2.2.2.8", "AccessionNumber", "A2", ["A1", "A2"], YES),
    ("C.2.2.2.8", "PatientName", "Doe^J", ["Roe*", "Doe*"], YES),
    ("C.2.2.2.8", "PatientName", "Poe^J", ["Roe*", "Doe*"], NO),
    ("C.2.2.2.8", "SeriesNumber", "02", ["1", "2"], YES),
    ("C.2.2.2.8", "StudyDate", "20240105", ["20240101", "20240104-20240106"], YES),
    ("C.2.2.2.8", "Rows", 512, [256, 512], YES),
    ("C.2.2.2.8", "ModalitiesInStudy", None, ["MR", "CT"], YES),
    ("C.2.2.2.8", "ModalitiesInStudy", None, ["MR", "US"], NO),
]

_AT = {"StudyDate": "20240105", "StudyTime": "233000"}
_ACROSS = {"StudyDate": "20240104-20240106", "StudyTime": "2200-0200"}
SEPARATE_TIMES = [
    ("C.2.2.2.5", _AT, {"StudyDate": "20240105", "StudyTime": "23-"}, YES),
    ("C.2.2.2.5", _AT, {"StudyDate": "20240104-20240106", "StudyTime": "10-11"}, NO),
    ("C.2.2.2.5", _AT, _ACROSS, NO),  # a window does not cross midnight
    ("C.2.2.2.5", _AT, {"StudyDate": "20240104-", "StudyTime": "2345-"}, NO),
]
COMBINED = [
    ("C.2.2.2.5", _AT, _ACROSS, YES),
    ("C.2.2.2.5", _AT, {"StudyDate": "20240105-20240106", "StudyTime": "2330-0000"}, YES),
    ("C.2.2.2.5", _AT, {"StudyDate": "20240105-20240106", "StudyTime": "2331-0000"}, NO),
    ("C.2.2.2.5", _AT, {"StudyDate": "20240104-20240105", "StudyTime": "0000-2329"}, NO),
    ("C.2.2.2.5", _AT, {"StudyDate": "20240104-20240105", "StudyTime": "0000-2330"}, YES),
    ("C.2.2.2.5", _AT, {"StudyDate": "20240104-", "StudyTime": "2345-"}, YES),
    ("C.2.2.2.5", _AT, {"StudyDate": "20240105-", "StudyTime": "2345-"}, NO),
    ("C.2.2.2.5", _AT, {"StudyDate": "-20240106", "StudyTime": "-0100"}, YES),
    ("C.2.2.2.5", _AT, {"StudyDate": "-20240105", "StudyTime": "-0100"}, NO),
    ("C.2.2.2.5", _AT, {"StudyDate": "20240104-20240105", "StudyTime": "12-"}, YES),
    ("C.2.2.2.5", _AT, {"StudyDate": "20240105", "StudyTime": "23-2345"}, YES),
    ("C.2.2.2.5", _AT, {"StudyDate": "20240105", "StudyTime": "22-2315"}, NO),
    # one time of each day is no range
    ("C.2.2.2.5", _AT, {"StudyDate": "20240104-20240106", "StudyTime": "2330"}, YES),
    ("C.2.2.2.5", _AT, {"StudyDate": "20240104-20240106", "StudyTime": "2331"}, NO),
    # one of the two alone
    ("C.2.2.2.5", _AT, {"StudyTime": "23-"}, YES),
    ("C.2.2.2.5", _AT, {"StudyDate": "20240105-"}, YES),
    # a time that is unknown leaves the day; a required date that is unknown matches
    ("C.2.2.1.2", {"StudyDate": "20240105"}, _ACROSS, YES),
    ("C.2.2.1.2", {"StudyDate": "20240107"}, _ACROSS, NO),
    ("C.2.2.1.2", {"StudyTime": "1200"}, _ACROSS, YES),
    (
        "C.2.2.2.5",
        {"SeriesDate": "20240105", "SeriesTime": "0100"},
        {"SeriesDate": "20240104-20240105", "SeriesTime": "2200-0200"},
        YES,
    ),
    (
        "C.2.2.2.5",
        {"ContentDate": "20240105", "ContentTime": "0300"},
        {"ContentDate": "20240104-20240105", "ContentTime": "2200-0200"},
        NO,
    ),
    (
        "C.2.2.2.5",
        {"AcquisitionDate": "20240105", "AcquisitionTime": "0100"},
        {"AcquisitionDate": "20240104-20240105", "AcquisitionTime": "2200-0200"},
        YES,
    ),
    (
        "C.2.2.2.5",
        {
            "PerformedProcedureStepStartDate": "20240105",
            "PerformedProcedureStepStartTime": "235960",
        },
        {
            "PerformedProcedureStepStartDate": "20240105-20240106",
            "PerformedProcedureStepStartTime": "235960-00",
        },
        YES,
    ),
    (
        "C.2.2.2.5",
        {"PatientBirthDate": "20240105", "PatientBirthTime": "0100"},
        {"PatientBirthDate": "20240104-20240105", "PatientBirthTime": "2200-0200"},
        YES,
    ),
]


def _zoned(offset, key):
    return {**key, "TimezoneOffsetFromUTC": offset}


_EVENING = {**_AT, "TimezoneOffsetFromUTC": "+0000"}  # in Tokyo the next morning at 08:30
_DT = {"AcquisitionDateTime": "20240105233000", "TimezoneOffsetFromUTC": "+0000"}
ZONED = [
    ("C.4.1.1.3", _EVENING, _zoned("+0900", {"StudyDate": "20240106"}), YES),
    ("C.4.1.1.3", _EVENING, _zoned("+0900", {"StudyDate": "20240105"}), NO),
    ("C.4.1.1.3", _EVENING, _zoned("+0900", {"StudyTime": "08-09"}), YES),
    ("C.4.1.1.3", _EVENING, _zoned("+0900", {"StudyTime": "23-"}), NO),
    ("C.4.1.1.3", _EVENING, _zoned("+0900", {"StudyDate": "20240106", "StudyTime": "0830"}), YES),
    ("C.4.1.1.3", _EVENING, _zoned("-0500", {"StudyDate": "20240105", "StudyTime": "1830"}), YES),
    ("C.4.1.1.3", _EVENING, _zoned("+0030", {"StudyDate": "20240106", "StudyTime": "0000"}), YES),
    ("C.4.1.1.3", _EVENING, _zoned("+0000", {"StudyDate": "20240105", "StudyTime": "2330"}), YES),
    ("C.4.1.1.3", _EVENING, {"StudyDate": "20240105", "StudyTime": "2330"}, YES),
    # what was stored without an offset compares as written
    ("C.4.1.1.3", _AT, _zoned("+0900", {"StudyDate": "20240105", "StudyTime": "2330"}), YES),
    ("C.4.1.1.3", _AT, _zoned("+0900", {"StudyDate": "20240106"}), NO),
    # a date without a time is not moved, nor a birthday
    (
        "C.4.1.1.3",
        {"StudyDate": "20240105", "TimezoneOffsetFromUTC": "+0000"},
        _zoned("+0900", {"StudyDate": "20240105"}),
        YES,
    ),
    (
        "C.4.1.1.3",
        {
            "PatientBirthDate": "19700101",
            "PatientBirthTime": "2330",
            "TimezoneOffsetFromUTC": "+0000",
        },
        _zoned("+0900", {"PatientBirthDate": "19700101"}),
        YES,
    ),
    ("C.4.1.1.3", _DT, _zoned("+0900", {"AcquisitionDateTime": "20240106083000"}), YES),
    ("C.4.1.1.3", _DT, _zoned("+0900", {"AcquisitionDateTime": "20240105"}), NO),
    ("C.4.1.1.3", _DT, _zoned("+0900", {"AcquisitionDateTime": "20240105233000+0000"}), YES),
    (
        "C.4.1.1.3",
        {"AcquisitionDateTime": "20240106003000+0100", "TimezoneOffsetFromUTC": "-0800"},
        _zoned("+0900", {"AcquisitionDateTime": "20240106083000-20240106083059"}),
        YES,
    ),
    (
        "C.4.1.1.3",
        {**_AT, "TimezoneOffsetFromUTC": "x"},
        _zoned("+0900", {"StudyDate": "20240105"}),
        YES,
    ),
]
ZONED_AND_COMBINED = [
    (
        "C.4.1.1.3",
        _EVENING,
        _zoned("+0900", {"StudyDate": "20240105-20240106", "StudyTime": "2200-0900"}),
        YES,
    ),
    (
        "C.4.1.1.3",
        _EVENING,
        _zoned("+0900", {"StudyDate": "20240105-20240106", "StudyTime": "2200-0800"}),
        NO,
    ),
]


def _code(value, scheme="99X", **more):
    return {"CodeValue": value, "CodingSchemeDesignator": scheme, **more}


_REQUESTS = [
    {
        "RequestedProcedureID": "RP1",
        "ScheduledProcedureStepID": "SPS1",
        "ScheduledProtocolCodeSequence": [_code("P1"), _code("P2", "99Y")],
    },
    {"RequestedProcedureID": "RP2", "ScheduledProcedureStepID": "SPS2"},
]


def _items(keyword, stored, rows, clause="C.2.2.2.6"):
    return [(clause, keyword, stored, key, matches) for key, matches in rows]


SEQUENCES = [
    *_items(
        "RequestAttributesSequence",
        _REQUESTS,
        [
            ({"ScheduledProcedureStepID": "SPS1"}, YES),
            ({"ScheduledProcedureStepID": "SPS2"}, YES),
            ({"ScheduledProcedureStepID": "SPS3"}, NO),
            ({"ScheduledProcedureStepID": "sps1"}, NO),
            ({"ScheduledProcedureStepID": "SPS*"}, YES),
            ({"ScheduledProcedureStepID": "?PS2"}, YES),
            ({"RequestedProcedureID": "RP1", "ScheduledProcedureStepID": "SPS1"}, YES),
            # all keys must match within one item
            ({"RequestedProcedureID": "RP1", "ScheduledProcedureStepID": "SPS2"}, NO),
            ({"RequestedProcedureID": "RP1", "ScheduledProcedureStepID": ""}, YES),
            ({"RequestedProcedureID": "", "ScheduledProcedureStepID": "*"}, YES),
            ({}, YES),  # an empty item is universal
            ("", YES),
            # an unknown attribute of an item does not match
            ({"RequestedProcedureDescription": "x"}, NO),
            ({"ScheduledProtocolCodeSequence": {"CodeValue": "P1"}}, YES),
            ({"ScheduledProtocolCodeSequence": {"CodeValue": "P3"}}, NO),
            ({"ScheduledProtocolCodeSequence": _code("P1")}, YES),
            ({"ScheduledProtocolCodeSequence": _code("P1", "99Y")}, NO),
            ({"ScheduledProtocolCodeSequence": _code("P2", "99Y")}, YES),
            (
                {
                    "RequestedProcedureID": "RP2",
                    "ScheduledProtocolCodeSequence": {"CodeValue": "P1"},
                },
                NO,
            ),
            ({"ScheduledProtocolCodeSequence": {}}, YES),
        ],
    ),
    *_items(
        "ProcedureCodeSequence",
        [_code("CTTHOR", CodeMeaning="CT thörax"), _code("X", "DCM")],
        [
            ({"CodeValue": "CTTHOR"}, YES),
            (_code("CTTHOR"), YES),
            (_code("CTTHOR", "DCM"), NO),
            ({"CodeMeaning": "CT thö*"}, YES),
            ({"CodeMeaning": "ct thö*"}, NO),
            ({"CodeValue": "CT_HOR"}, NO),
            ({"CodeValue": "CT%"}, NO),
            ({"LongCodeValue": "CTTHOR"}, NO),
        ],
    ),
    *_items(
        "OtherPatientIDsSequence",
        [{"PatientID": "OLD1", "IssuerOfPatientID": "HOSP"}],
        [
            ({"PatientID": "OLD1"}, YES),
            ({"PatientID": "OLD*", "IssuerOfPatientID": "HOSP"}, YES),
            ({"PatientID": "OLD1", "IssuerOfPatientID": "X"}, NO),
        ],
    ),
    *_items(
        "AnatomicRegionSequence",
        [_code("T-D3000", "SRT", AnatomicRegionModifierSequence=[_code("G-A101", "SRT")])],
        [
            ({"CodeValue": "T-D3000"}, YES),
            ({"AnatomicRegionModifierSequence": {"CodeValue": "G-A101"}}, YES),
            ({"AnatomicRegionModifierSequence": {"CodeValue": "G-A100"}}, NO),
        ],
    ),
    *_items(
        "ReferencedStudySequence",
        [{"ReferencedSOPClassUID": "1.2", "ReferencedSOPInstanceUID": "1.3"}],
        [
            ({"ReferencedSOPInstanceUID": "1.3"}, YES),
            ({"ReferencedSOPInstanceUID": ["1.4", "1.3"]}, YES),
            ({"ReferencedSOPInstanceUID": "1.*"}, NO),
        ],
    ),
    *_items(
        "ConceptNameCodeSequence",
        [_code("126000", "DCM", CodeMeaning="Imaging Measurement Report")],
        [(_code("126000", "DCM"), YES), (_code("126001", "DCM"), NO)],
    ),
    *_items(
        "ContentTemplateSequence",
        [{"MappingResource": "DCMR", "TemplateIdentifier": "1500"}],
        [({"TemplateIdentifier": "1500"}, YES), ({"TemplateIdentifier": "15"}, NO)],
    ),
    *_items(
        "SpecimenDescriptionSequence",
        [{"SpecimenIdentifier": "S1", "SpecimenUID": "1.2.3"}],
        [({"SpecimenUID": "1.2.3"}, YES), ({"SpecimenIdentifier": "S*"}, YES)],
    ),
    *_items("ProcedureCodeSequence", None, [({"CodeValue": "X"}, NO), ({"CodeValue": ""}, YES)]),
    *_items("ProcedureCodeSequence", [], [({"CodeValue": "X"}, NO), ({}, YES)]),
    *_items("ProcedureCodeSequence", [{}], [({"CodeValue": "X"}, NO), ({}, YES)]),
]
EMPTY_ITEMS = _items(
    "ProcedureCodeSequence",
    [_code("A"), _code("B", CodeMeaning="b")],
    [
        ({"CodeMeaning": '""'}, YES),
        ({"CodeValue": "A", "CodeMeaning": '""'}, YES),
        ({"CodeValue": "B", "CodeMeaning": '""'}, NO),
    ],
    "C.2.2.2.7",
)
_REGION = {"AnatomicRegionSequence": [_code("T-D3000", "SRT")]}
REGIONS = [
    ("C.3.4", _REGION, {"AnatomicRegionsInStudyCodeSequence": {"CodeValue": "T-D3000"}}, YES),
    ("C.3.4", _REGION, {"AnatomicRegionsInStudyCodeSequence": _code("T-D3000", "DCM")}, NO),
    ("C.3.4", {}, {"AnatomicRegionsInStudyCodeSequence": {"CodeValue": "T-D3000"}}, NO),
    # sequences along with other keys
    (
        "C.2.2.2.6",
        {"PatientID": "P1", "ProcedureCodeSequence": [_code("A")]},
        {"PatientID": "P1", "ProcedureCodeSequence": {"CodeValue": "A"}},
        YES,
    ),
    (
        "C.2.2.2.6",
        {"PatientID": "P1", "ProcedureCodeSequence": [_code("A")]},
        {"PatientID": "P2", "ProcedureCodeSequence": {"CodeValue": "A"}},
        NO,
    ),
    (
        "C.2.2.2.6",
        {"PatientID": "P1", "ProcedureCodeSequence": [_code("A")]},
        {"PatientID": "P1", "ProcedureCodeSequence": {"CodeValue": "B"}},
        NO,
    ),
]

CASES = [
    *_single(BASIC),
    *_single(GROUPS),
    *_single(MORE),
    *_single(FUZZY, fuzzy_names=True),
    *_single(LITERAL),
    *_single(EMPTY, empty_value=True, multiple_value=True),
    *_single(MULTIPLE, multiple_value=True),
    *_several(SEPARATE_TIMES),
    *_several(COMBINED, combined_datetime=True),
    *_several(ZONED, timezone=True),
    *_several(ZONED_AND_COMBINED, timezone=True, combined_datetime=True),
    *_single(SEQUENCES),
    *_single(EMPTY_ITEMS, empty_value=True),
    *_several(REGIONS),
]
