"""Submit, poll, download: knows neither HTTP nor SQL nor spreadsheets."""
