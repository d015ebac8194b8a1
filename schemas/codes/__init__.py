def code_table_names() -> list[str]:
    return [
        "sex_gbt_2261_1",
        "ethnic_group_gbt_3304",
        "head_relation_gbt_4761",
        "marital_status_gbt_2261_2",
        "education_gbt_4658",
        "household_cancellation",
        "country_gbt_2659",
        "marriage_registration_kind",
    ]
