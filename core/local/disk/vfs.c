#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "_cgo_export.h"

/* Weak, because the two are in the driver's object file: they are there in every
 * program that imports it, and not when cgo looks at this package alone. */
extern int sqlite3_vfs_register(sqlite3_vfs *, int) __attribute__((weak));
extern int sqlite3_vfs_unregister(sqlite3_vfs *) __attribute__((weak));

typedef struct {
	sqlite3_file base;
	uintptr_t handle;
} file;

#define HANDLE(f) (((file *)(f))->handle)

static int f_close(sqlite3_file *f) { diskClose(HANDLE(f)); return 0; }
static int f_read(sqlite3_file *f, void *p, int n, long long at) { return diskRead(HANDLE(f), p, n, at); }
static int f_write(sqlite3_file *f, const void *p, int n, long long at) { return diskWrite(HANDLE(f), (void *)p, n, at); }
static int f_truncate(sqlite3_file *f, long long size) { return diskTruncate(HANDLE(f), size); }
static int f_sync(sqlite3_file *f, int flags) { return diskSync(HANDLE(f)); }
static int f_size(sqlite3_file *f, long long *size) { return diskSize(HANDLE(f), size); }
static int f_lock(sqlite3_file *f, int level) { return diskLock(HANDLE(f), level); }
static int f_unlock(sqlite3_file *f, int level) { return diskUnlock(HANDLE(f), level); }
static int f_reserved(sqlite3_file *f, int *is) { return diskReserved(HANDLE(f), is); }
static int f_control(sqlite3_file *f, int op, void *arg) { return 12; /* SQLITE_NOTFOUND: as if there were none */ }
static int f_sector(sqlite3_file *f) { return 4096; }
static int f_characteristics(sqlite3_file *f) { return 0x1000; /* SQLITE_IOCAP_POWERSAFE_OVERWRITE, as on Linux */ }
static int f_shm_map(sqlite3_file *f, int region, int size, int extend, void volatile **p) {
	return diskShmMap(HANDLE(f), region, size, extend, (void **)p);
}
static int f_shm_lock(sqlite3_file *f, int from, int n, int flags) { return diskShmLock(HANDLE(f), from, n, flags); }
static void f_shm_barrier(sqlite3_file *f) { __sync_synchronize(); }
static int f_shm_unmap(sqlite3_file *f, int remove) { return diskShmUnmap(HANDLE(f)); }

static const struct sqlite3_io_methods methods = {
	2, f_close, f_read, f_write, f_truncate, f_sync, f_size, f_lock, f_unlock, f_reserved, f_control,
	f_sector, f_characteristics, f_shm_map, f_shm_lock, f_shm_barrier, f_shm_unmap,
};

static int v_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out) {
	f->methods = 0;
	int rc = diskOpen((uintptr_t)v->data, (char *)name, flags, &HANDLE(f));
	if (rc == 0) {
		f->methods = &methods;
		if (out) *out = flags;
	}
	return rc;
}
static int v_remove(sqlite3_vfs *v, const char *name, int sync) { return diskDelete((uintptr_t)v->data, (char *)name, sync); }
static int v_access(sqlite3_vfs *v, const char *name, int flags, int *is) {
	return diskAccess((uintptr_t)v->data, (char *)name, is);
}
static int v_full_path(sqlite3_vfs *v, const char *name, int n, char *out) {
	if ((int)strlen(name) >= n) return 14; /* SQLITE_CANTOPEN */
	strcpy(out, name);
	return 0;
}
/* Nothing is random and no time passes: one seed, one run. */
static int v_randomness(sqlite3_vfs *v, int n, char *out) { memset(out, 0, n); return n; }
/* Only goroutines that contend for a file wait. */
static int v_sleep(sqlite3_vfs *v, int micros) {
	struct timespec t = {micros / 1000000, micros % 1000000 * 1000L};
	nanosleep(&t, 0);
	return micros;
}
static int v_time64(sqlite3_vfs *v, long long *t) { *t = 211813488000000LL; /* 1 January 2000, in Julian milliseconds */ return 0; }
static int v_time(sqlite3_vfs *v, double *t) { *t = 2451545; return 0; }
static int v_last_error(sqlite3_vfs *v, int n, char *out) { return diskErrno((uintptr_t)v->data); }

sqlite3_vfs *disk_register(const char *name, uintptr_t disk) {
	if (!sqlite3_vfs_register) return 0;
	sqlite3_vfs *v = calloc(1, sizeof *v);
	if (!v) return 0;
	v->version = 2;
	v->file_size = sizeof(file);
	v->max_path = 512;
	v->name = strdup(name);
	v->data = (void *)disk;
	v->open = v_open;
	v->remove = v_remove;
	v->access = v_access;
	v->full_path = v_full_path;
	v->randomness = v_randomness;
	v->sleep = v_sleep;
	v->time = v_time;
	v->last_error = v_last_error;
	v->time64 = v_time64;
	if (sqlite3_vfs_register(v, 0) != 0) {
		free((void *)v->name);
		free(v);
		return 0;
	}
	return v;
}

void disk_unregister(sqlite3_vfs *v) {
	sqlite3_vfs_unregister(v);
	free((void *)v->name);
	free(v);
}
