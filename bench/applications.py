"""The applications of the benchmark: identifiers that wrk.lua and mint.c compute too, spread evenly over the key space."""


def application(i):
    """(client_id, client_secret)"""
    return (f"{i * 2654435761 % 2**32:08x}-0000-4000-8000-{i:012x}",
            f"bench-{i * 40503 % 2**32:08x}-abcdefghijklmnopqrstuvwxyz0123456789")


def write_csv(path, environments, count):
    with open(path, "w") as out:
        out.write("environment,name,client_id,client_secret\n")
        for environment in environments:
            for i in range(count):
                client_id, client_secret = application(i)
                out.write(f"{environment},application {i},{client_id},{client_secret}\n")


def write_bodies(path, count, applications):
    """Form bodies for bench_rate: applications in a fixed, scattered order."""
    with open(path, "w") as out:
        for i in range(count):
            client_id, client_secret = application(i * 7919 % applications)
            out.write(f"grant_type=client_credentials&scope=api&client_id={client_id}&client_secret={client_secret}\n")
