SEMANTIC_TYPES: dict[str, object] = dict.fromkeys(
    [
        "serial_number",
        "citizen_id",
        "person_name",
        "code",
        "birth_date",
        "region_code",
        "address",
        "timestamp",
        "date",
        "phones",
        "text",
    ]
)
