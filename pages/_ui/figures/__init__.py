"""Hold one module per Plotly picture; none needs streamlit."""
