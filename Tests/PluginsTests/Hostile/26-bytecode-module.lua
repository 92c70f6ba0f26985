-- verdict: done
-- row 26: modules that are bytecode, elsewhere, or built in
local F = { api = 1 }
function F.on_request()
    for _, name in ipairs { "../../etc/passwd", "os", "io", "package", "debug", "lib.bytecode", "lib/../x", "", "lib.absent", "/etc/passwd", "lib.ok\0x" } do
        assert(not pcall(require, name), name)
    end
    assert(require("lib.ok").n == 1)
end
return F
