/* The part of SQLite's public interface that a file system implements
 * (sqlite.org/c3ref/vfs.html). The library itself comes with the Go driver, whose
 * header is not visible here. */
#include <stdint.h>

typedef struct sqlite3_file { const struct sqlite3_io_methods *methods; } sqlite3_file;

struct sqlite3_io_methods {
	int version;
	int (*close)(sqlite3_file *);
	int (*read)(sqlite3_file *, void *, int, long long);
	int (*write)(sqlite3_file *, const void *, int, long long);
	int (*truncate)(sqlite3_file *, long long);
	int (*sync)(sqlite3_file *, int);
	int (*size)(sqlite3_file *, long long *);
	int (*lock)(sqlite3_file *, int);
	int (*unlock)(sqlite3_file *, int);
	int (*reserved)(sqlite3_file *, int *);
	int (*control)(sqlite3_file *, int, void *);
	int (*sector)(sqlite3_file *);
	int (*characteristics)(sqlite3_file *);
	int (*shm_map)(sqlite3_file *, int, int, int, void volatile **);
	int (*shm_lock)(sqlite3_file *, int, int, int);
	void (*shm_barrier)(sqlite3_file *);
	int (*shm_unmap)(sqlite3_file *, int);
};

typedef struct sqlite3_vfs sqlite3_vfs;
struct sqlite3_vfs {
	int version, file_size, max_path;
	sqlite3_vfs *next;
	const char *name;
	void *data;
	int (*open)(sqlite3_vfs *, const char *, sqlite3_file *, int, int *);
	int (*remove)(sqlite3_vfs *, const char *, int);
	int (*access)(sqlite3_vfs *, const char *, int, int *);
	int (*full_path)(sqlite3_vfs *, const char *, int, char *);
	void *(*dl_open)(sqlite3_vfs *, const char *);
	void (*dl_error)(sqlite3_vfs *, int, char *);
	void (*(*dl_sym)(sqlite3_vfs *, void *, const char *))(void);
	void (*dl_close)(sqlite3_vfs *, void *);
	int (*randomness)(sqlite3_vfs *, int, char *);
	int (*sleep)(sqlite3_vfs *, int);
	int (*time)(sqlite3_vfs *, double *);
	int (*last_error)(sqlite3_vfs *, int, char *);
	int (*time64)(sqlite3_vfs *, long long *);
};

/* disk_register makes a file system of that name whose calls go to the Disk behind
 * the handle; 0 if there is no memory or no SQLite in the program. */
sqlite3_vfs *disk_register(const char *name, uintptr_t disk);
void disk_unregister(sqlite3_vfs *);
