// A file system that stands before SQLite's own one, writes down what is done
// to the files of watched folders, and fails when it is told to.
#ifndef CRASHDISK_DISK_H
#define CRASHDISK_DISK_H

enum op_kind { OP_CREATE = 1, OP_WRITE, OP_TRUNCATE, OP_SYNC, OP_SYNC_FAILED, OP_DELETE };

struct op {
	int kind;
	int file;        // number of the name
	long long at;    // of a write, or a truncated file's size
	int n;           // bytes written
	int dir;         // of a sync or deletion: the folder was synced too
	unsigned char *data;
};

// Kinds of fault.
enum fault_kind { FAULT_NONE = 0, FAULT_IO, FAULT_FULL, FAULT_SHORT };

int disk_install(void); // 0, or 1 if the program has no SQLite
int disk_watch(const char *folder); // a number, or -1
void disk_forget(int disk);
long long disk_ops(int disk);
long long disk_tries(int disk);
long long disk_failed(int disk);
struct op disk_op(int disk, long long i);
const char *disk_name(int disk, int file);
int disk_names(int disk);
void disk_fail(int disk, int kind, long long at, long long times);

#endif
