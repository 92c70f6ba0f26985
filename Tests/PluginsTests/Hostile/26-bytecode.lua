Lua-- verdict: load_error
-- row 26: bytecode as the source
