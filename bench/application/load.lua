-- wrk sends the requests of a file, one a line: method, path and body. The first again after the last.
local requests, next_one = {}, 0
local pause = tonumber(os.getenv("PAUSE"))

if pause then
    -- Milliseconds that a connection waits before each request. wrk waits wherever there is such a function.
    function delay() return pause end
end

function init(args)
    local origin = wrk.scheme .. "://" .. wrk.headers["Host"]
    local form = { ["Origin"] = origin, ["Content-Type"] = "application/x-www-form-urlencoded" }
    for line in io.lines(args[1]) do
        local method, path, body = line:match("^(%S+) (%S+) ?(%S*)$")
        if method == "GET" then
            table.insert(requests, wrk.format(method, path))
        else
            table.insert(requests, wrk.format(method, path, form, body))
        end
    end
end

function request()
    next_one = next_one % #requests + 1
    return requests[next_one]
end

function done(summary, latency)
    local e = summary.errors
    -- Microseconds; status counts answers that are neither 2xx nor 3xx.
    io.write(string.format(
        '{"requests": %d, "us": %d, "p50": %d, "p95": %d, "p99": %d, "errors": %d}\n',
        summary.requests, summary.duration, latency:percentile(50), latency:percentile(95), latency:percentile(99),
        e.connect + e.read + e.write + e.status + e.timeout))
end
