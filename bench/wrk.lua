-- Token requests of applications drawn uniformly at random: wrk … -- APPLICATIONS KIND
-- The identifiers are those of bench/applications.py.
local applications, kind

local function hex32(n)
    return string.format("%08x", n % 4294967296)
end

local function application(i)
    local id = hex32(i * 2654435761) .. "-0000-4000-8000-" .. string.format("%012x", i)
    return id, "bench-" .. hex32(i * 40503) .. "-abcdefghijklmnopqrstuvwxyz0123456789"
end

function init(args)
    applications, kind = tonumber(args[1]), args[2]
    math.randomseed(os.time())
    wrk.method = "POST"
    wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
end

function request()
    local id, secret = application(math.random(0, applications - 1))
    local scope = kind == "bad-scope" and "no-such-scope" or "api"
    if kind == "bad-secret" then
        secret = secret .. "x"
    end
    return wrk.format(nil, nil, nil,
        "grant_type=client_credentials&scope=" .. scope .. "&client_id=" .. id .. "&client_secret=" .. secret)
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        'RESULT {"requests":%d,"duration_us":%d,"refused":%d,"broken":%d,"p50_us":%d,"p99_us":%d,"p999_us":%d}\n',
        summary.requests, summary.duration, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
        latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
