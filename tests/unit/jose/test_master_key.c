/* The master key's file: its form, its rights, and that no existing file is ever overwritten. */
#include "jose/wrap.h"
#include "testkit.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEX "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"

static char folder[64], path[128];

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/leanauth-test-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/master.key", folder);
    unsetenv("CREDENTIALS_DIRECTORY");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unsetenv("CREDENTIALS_DIRECTORY");
    DIR *d = opendir(folder);
    for (struct dirent *e; d && (e = readdir(d));)
        if (e->d_name[0] != '.')
            unlinkat(dirfd(d), e->d_name, 0);
    closedir(d);
    return rmdir(folder);
}

static void put(const char *text, size_t n, mode_t mode)
{
    unlink(path);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static la_code load_code(void)
{
    la_master_key *m = NULL;
    la_result r = la_master_key_load(path, &m);
    assert_true(la_is_ok(r) == (m != NULL));
    la_master_key_free(m);
    return r.code;
}

static void test_create(void **state)
{
    (void)state;
    mode_t before = umask(0777);
    la_result created = la_master_key_create(path);
    umask(before);
    assert_ok(created);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(st.st_size, 65);
    assert_int_equal(st.st_nlink, 1);
    assert_int_equal(load_code(), LA_OK);

    char first[65], second[65];
    FILE *f = fopen(path, "rb");
    assert_int_equal(fread(first, 1, 65, f), 65);
    fclose(f);
    assert_code(la_master_key_create(path), LA_EXISTS);
    f = fopen(path, "rb");
    assert_int_equal(fread(second, 1, 65, f), 65);
    fclose(f);
    assert_memory_equal(first, second, 65);

    /* Nothing else is left in the folder. */
    DIR *d = opendir(folder);
    unsigned n = 0;
    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    assert_int_equal(n, 1);
}

static void test_create_refuses(void **state)
{
    (void)state;
    assert_int_equal(symlink("/nonexistent/elsewhere", path), 0);
    assert_code(la_master_key_create(path), LA_EXISTS); /* also a dangling link */
    assert_code(la_master_key_create("/nonexistent/folder/master.key"), LA_NOT_FOUND);
}

static void test_form(void **state)
{
    (void)state;
    put(HEX "\n", 65, 0600);
    assert_int_equal(load_code(), LA_OK);
    static const char *const bad[] = {"",
                                      "\n",
                                      HEX,
                                      HEX "\n\n",
                                      HEX "\r\n",
                                      HEX " ",
                                      " " HEX "\n",
                                      HEX "00\n",
                                      "0x112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF\n",
                                      "g0112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        put(bad[i], strlen(bad[i]), 0600);
        assert_int_equal(load_code(), LA_INVALID);
        assert_null(strstr(la_detail(), "112233")); /* the detail reaches a log */
    }
}

static void test_rights(void **state)
{
    (void)state;
    static const mode_t bad[] = {0640, 0604, 0660, 0601, 0610, 0620, 0666};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        put(HEX "\n", 65, bad[i]);
        assert_int_equal(load_code(), LA_INVALID);
    }
    put(HEX "\n", 65, 0400);
    assert_int_equal(load_code(), LA_OK);
    if (geteuid() == 0) { /* only root can give a file away */
        assert_int_equal(chown(path, 12345, 12345), 0);
        assert_int_equal(load_code(), LA_INVALID);
    }
    unlink(path);
    assert_int_equal(load_code(), LA_NOT_FOUND);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(load_code(), LA_INVALID); /* and does not wait for a writer */
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(load_code(), LA_INVALID);
    rmdir(path);
}

/* systemd.exec(5), LoadCredential: mode 0440 there is the mask of an access list. */
static void test_credential(void **state)
{
    (void)state;
    char credential[128];
    snprintf(credential, sizeof credential, "%s/leanauth.master.key", folder);
    put(HEX "\n", 65, 0440);
    assert_int_equal(rename(path, credential), 0);
    assert_int_equal(load_code(), LA_NOT_FOUND);
    setenv("CREDENTIALS_DIRECTORY", folder, 1);
    assert_int_equal(load_code(), LA_OK);
    assert_int_equal(chmod(credential, 0444), 0);
    assert_int_equal(load_code(), LA_INVALID);
    assert_int_equal(unlink(credential), 0);
    put(HEX "\n", 65, 0600); /* none there: the configured file */
    assert_int_equal(load_code(), LA_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_create, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_create_refuses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_form, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_rights, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_credential, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("master_key", tests, set_up_secrets, NULL);
}
