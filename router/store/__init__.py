"""The only room that speaks SQL: tables, one unit of work, claims, search, figures."""
