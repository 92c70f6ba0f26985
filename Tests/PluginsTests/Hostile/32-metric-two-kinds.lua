-- verdict: load_error
-- row 32: one name, two kinds
gw.metrics.counter("hostile_twice", "x")
gw.metrics.gauge("hostile_twice", "x")
return { api = 1 }
