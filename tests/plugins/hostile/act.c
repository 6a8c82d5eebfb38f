/* Attacks on the process and on what is around it. The case is ACT or ACT-STAGE; without a stage they come with
 * `open_import`. What can be prevented says whether it was: "contained" or "escaped: WHAT". None of them does harm where
 * it succeeds: what is started ends, what is written is one small file, what is taken has a bound. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "hostile.h"

/* More than any worker may have, less than would hurt the machine. */
#define HOG ((size_t)8 << 30)

static int does(const char *name, const char *stage) {
  size_t len = strlen(name);
  if (strncmp(hostile_case, name, len)) return 0;
  const char *rest = hostile_case + len;
  return *rest ? *rest == '-' && !strcmp(rest + 1, stage) : !strcmp(stage, "open");
}

static volatile int deeper = 1;
static int recurse(int n) {
  volatile char room[4096];
  room[0] = (char)n;
  return deeper ? recurse(n + 1) + room[0] : 0;
}

static void spin(void) {
  for (volatile unsigned n = 0;; n++);
}

static void *sleep_for_ever(void *nothing) {
  for (;;) pause();
  return nothing;
}

/* Memory that is really used, as much as is to be had, and not given back. */
static const char *hog(void) {
  const size_t block = (size_t)64 << 20;
  for (size_t taken = 0; taken < HOG; taken += block) {
    char *room = malloc(block);
    if (!room) return "contained";
    for (size_t at = 0; at < block; at += 4096) room[at] = 1;
  }
  return "escaped: memory without a bound";
}

/* A few children, which end at once: a bomb would begin so. */
static const char *fork_some(void) {
  int made = 0;
  for (int n = 0; n < 8; n++) {
    pid_t child = fork();
    if (child == 0) _exit(0);
    if (child > 0) made++, waitpid(child, 0, 0);
  }
  return made ? "escaped: processes" : "contained";
}

static const char *threads(void) {
  pthread_t thread;
  int made = 0;
  for (int n = 0; n < 4; n++) made += !pthread_create(&thread, 0, sleep_for_ever, 0);
  return made ? "left behind" : "contained";
}

static const char *network(void) {
  const int kinds[] = {AF_INET, AF_INET6, AF_UNIX, AF_NETLINK, AF_PACKET};
  for (size_t n = 0; n < sizeof kinds / sizeof *kinds; n++)
    if (socket(kinds[n], SOCK_DGRAM, 0) >= 0) return "escaped: a socket";
  return "contained";
}

static const char *read_outside(void) {
  const char *const files[] = {"/etc/passwd", "/proc/self/environ", "/proc/1/status", "secret.txt", "../secret.txt"};
  for (size_t n = 0; n < sizeof files / sizeof *files; n++)
    if (open(files[n], O_RDONLY) >= 0) return "escaped: a file was read";
  return "contained";
}

static const char *write_outside(void) {
  const char *const files[] = {"escaped.txt", "/tmp/annals-escaped.txt"};
  for (size_t n = 0; n < 2; n++)
    if (open(files[n], O_WRONLY | O_CREAT, 0600) >= 0) return unlink(files[n]), "escaped: a file was written";
  if (!symlink("/etc/passwd", "escaped.link")) return unlink("escaped.link"), "escaped: a link was made";
  if (!unlink("good.jsonl")) return "escaped: a file was deleted";
  if (!truncate("good.jsonl", 0)) return "escaped: a file was cut";
  return "contained";
}

/* What is open anyway: opened again for writing, or written to. */
static const char *descriptors(void) {
  char path[64];
  for (int n = 3; n < 256; n++) {
    snprintf(path, sizeof path, "/proc/self/fd/%d", n);
    if (open(path, O_RDWR) >= 0) return "escaped: a descriptor was opened again";
    snprintf(path, sizeof path, "/proc/%d/mem", getppid());
    if (open(path, O_RDWR) >= 0) return "escaped: the memory of the parent";
  }
  return "contained";
}

static const char *parent(void) {
  if (!kill(getppid(), 0)) return "escaped: a signal to the parent";
  if (!ptrace(PTRACE_ATTACH, getppid(), 0, 0)) return "escaped: the parent was traced";
  return "contained";
}

static const char *run_program(void) {
  char *const arguments[] = {"true", 0};
  execv("/bin/true", arguments);
  return "contained";
}

/* Code that was not in the library. */
static const char *new_code(void) {
  void *page = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return page == MAP_FAILED ? "contained" : "escaped: pages to write and run";
}

static const char *noise(void) {
  static char line[1 << 16];
  memset(line, 'x', sizeof line);
  line[sizeof line - 1] = '\n';
  memcpy(line, "\x1b[2J\xff\0", 6);
  ssize_t wrote = 0;
  for (int n = 0; n < 64; n++) wrote += write(1, line, sizeof line) + write(2, line, sizeof line);
  (void)wrote;
  return "noisy";
}

/* Whatever is open is given what nobody there can read. */
static const char *babble(void) {
  static char nonsense[1 << 12];
  memset(nonsense, 'x', sizeof nonsense);
  ssize_t wrote = 0;
  for (int n = 3; n < 64; n++) wrote += write(n, nonsense, sizeof nonsense);
  (void)wrote;
  return "babbled";
}

static const char *closes(void) {
  for (int n = 0; n < 1024; n++) close(n);
  return "closed";
}

const char *act(const char *stage) {
  if (does("segfault", stage)) *(volatile int *)(uintptr_t)16 = 1;
  if (does("abort", stage)) abort();
  if (does("trap", stage)) __builtin_trap();
  if (does("exit", stage)) exit(0);
  if (does("exit-at-once", stage)) _exit(0);
  if (does("kill-itself", stage)) kill(getpid(), SIGKILL);
  if (does("stack", stage)) return recurse(0) ? "contained" : 0;
  if (does("hang", stage)) spin();
  if (does("sleep", stage)) sleep_for_ever(0);
  if (does("hog", stage)) return hog();
  if (does("fork", stage)) return fork_some();
  if (does("threads", stage)) return threads();
  if (does("network", stage)) return network();
  if (does("read-outside", stage)) return read_outside();
  if (does("write-outside", stage)) return write_outside();
  if (does("descriptors", stage)) return descriptors();
  if (does("parent", stage)) return parent();
  if (does("run", stage)) return run_program();
  if (does("new-code", stage)) return new_code();
  if (does("noise", stage)) return noise();
  if (does("babble", stage)) return babble();
  if (does("closes", stage)) return closes();
  return 0;
}

const char *constructed;

#ifdef CONSTRUCTOR
/* The same before the host has asked for anything. */
__attribute__((constructor)) static void begin(void) {
  strcpy(hostile_case, CONSTRUCTOR);
  constructed = act("open");
}
#endif
