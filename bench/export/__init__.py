"""Write a Timeline down for other programs: Perfetto, spreadsheets, whatever reads JSON."""
