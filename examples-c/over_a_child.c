/* Speaks IMAP with a server that runs as a child process, and lists its mailboxes: no port, no password.
 *
 *     over_a_child 'ssh mail.example.org exec /usr/lib/dovecot/imap'
 *     over_a_child 'doveadm exec imap' */

#include <imap.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs a command; its output and its input are ours. */
static pid_t run(const char *command, int *output, int *input) {
  int from[2], to[2];
  if (pipe(from) || pipe(to)) return -1;
  pid_t child = fork();
  if (child == 0) {
    dup2(to[0], STDIN_FILENO);
    dup2(from[1], STDOUT_FILENO);
    close(from[0]);
    close(from[1]);
    close(to[0]);
    close(to[1]);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
  }
  close(from[1]);
  close(to[0]);
  *output = from[0];
  *input = to[1];
  return child;
}

int main(int argc, char **argv) {
  imap_client *client = NULL;
  imap_mailboxes *mailboxes = NULL;
  imap_error *error = NULL;
  int output = -1, input = -1, status = 0;
  if (argc != 2) return fprintf(stderr, "usage: over_a_child COMMAND\n"), EXIT_FAILURE;
  pid_t child = run(argv[1], &output, &input);
  if (child < 0) return perror("over_a_child"), EXIT_FAILURE;

  imap_options *options = imap_options_new();
  imap_options_set_number(options, IMAP_OPTION_TLS, IMAP_TLS_NONE, NULL);
  if (imap_start_fd(output, input, NULL, options, &client, &error) == IMAP_OK &&
      imap_list(client, "", "*", NULL, &mailboxes, &error) == IMAP_OK) {
    for (size_t i = 0; i < mailboxes->count; i++) printf("%s\n", mailboxes->items[i]->name);
    imap_logout(client, NULL);
  }
  if (error) fprintf(stderr, "%s\n", error->message);
  int failed = error != NULL;
  imap_error_free(error);
  imap_mailboxes_free(mailboxes);
  imap_client_free(client);
  imap_options_free(options);
  close(output);
  close(input);
  waitpid(child, &status, 0);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
