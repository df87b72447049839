/* openssl: so many idle TLS connections by OpenSSL alone; prints the memory of each.
 *
 *     openssl COUNT PORT CA */

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static long memory(void) {
  long size = 0, resident = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file && fscanf(file, "%ld %ld", &size, &resident) != 2) resident = 0;
  if (file) fclose(file);
  return resident * sysconf(_SC_PAGESIZE);
}

static SSL *connected(SSL_CTX *context, int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  char line[256];
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  SSL *ssl = SSL_new(context);
  SSL_set1_host(ssl, "localhost");
  if (connect(fd, (struct sockaddr *)&address, sizeof address) || !SSL_set_fd(ssl, fd) || SSL_connect(ssl) != 1 ||
      SSL_read(ssl, line, sizeof line) <= 0) {
    fprintf(stderr, "cannot connect\n");
    exit(EXIT_FAILURE);
  }
  return ssl;
}

int main(int argc, char **argv) {
  if (argc < 4) return EXIT_FAILURE;
  int count = atoi(argv[1]), port = atoi(argv[2]);
  SSL_CTX *context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_load_verify_locations(context, argv[3], NULL);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
  connected(context, port);
  long before = memory();
  for (int i = 0; i < count; i++) connected(context, port);
  printf("%.0f\n", (double)(memory() - before) / count);
  fflush(stdout);
  _exit(EXIT_SUCCESS);
}
