-- What the sandbox of filters has: see docs, and types/gw.d.lua.
stds.gw = {
  read_globals = {
    "_VERSION", "assert", "error", "getmetatable", "ipairs", "next", "pairs", "pcall", "print", "rawequal", "rawget",
    "rawlen", "rawset", "require", "select", "setmetatable", "tonumber", "tostring", "type", "xpcall",
    "coroutine", "math", "string", "table", "utf8",
    debug = { fields = { "traceback" } },
    "gw", "json", "base64", "url", "hex", "crypto", "jwt", "time", "text", "re",
  },
}
std = "gw"
max_line_length = 120
-- Rows of tests are easier to compare on one line.
files["filters/**/*_test.lua"] = { max_line_length = 150 }
include_files = { "filters/**/*.lua" }
