-- verdict: load_error
-- row 30: awaits while the script is loaded
gw.sleep(1)
return { api = 1 }
