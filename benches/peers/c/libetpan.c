/* libetpan: the workloads by its low-level IMAP interface, as its examples do: libetpan WORKLOAD MODE PORT COUNT [CA] */

#define _GNU_SOURCE
#include "measure.h"

#include <libetpan/libetpan.h>

static mailimap *session;
static sums total;

static void check(int code, const char *what) {
  if (code == MAILIMAP_NO_ERROR || code == MAILIMAP_NO_ERROR_AUTHENTICATED || code == MAILIMAP_NO_ERROR_NON_AUTHENTICATED)
    return;
  fprintf(stderr, "%s: error %d\n", what, code);
  exit(EXIT_FAILURE);
}

/* The elements of a list that may be NULL. */
#define EACH(cell, list) for (clistiter *cell = (list) ? clist_begin(list) : NULL; cell; cell = clist_next(cell))

static void read_addresses(clist *list) {
  EACH(cell, list) {
    struct mailimap_address *one = clist_content(cell);
    total.addresses++;
    total.touched += touch(one->ad_personal_name) + touch(one->ad_source_route) + touch(one->ad_mailbox_name) +
        touch(one->ad_host_name);
  }
}

static void read_envelope(struct mailimap_envelope *env) {
  total.touched += touch(env->env_date) + touch(env->env_subject) + touch(env->env_in_reply_to) + touch(env->env_message_id);
  if (env->env_from) read_addresses(env->env_from->frm_list);
  if (env->env_sender) read_addresses(env->env_sender->snd_list);
  if (env->env_reply_to) read_addresses(env->env_reply_to->rt_list);
  if (env->env_to) read_addresses(env->env_to->to_list);
  if (env->env_cc) read_addresses(env->env_cc->cc_list);
  if (env->env_bcc) read_addresses(env->env_bcc->bcc_list);
}

static void read_parameters(struct mailimap_body_fld_param *parameters) {
  EACH(cell, parameters ? parameters->pa_list : NULL) {
    struct mailimap_single_body_fld_param *one = clist_content(cell);
    total.touched += touch(one->pa_name) + touch(one->pa_value);
  }
}

static void read_disposition(struct mailimap_body_fld_dsp *disposition) {
  if (!disposition) return;
  total.touched += touch(disposition->dsp_type);
  read_parameters(disposition->dsp_attributes);
}

static void read_language(struct mailimap_body_fld_lang *language) {
  if (!language) return;
  if (language->lg_type == MAILIMAP_BODY_FLD_LANG_SINGLE) {
    total.touched += touch(language->lg_data.lg_single);
    return;
  }
  EACH(cell, language->lg_data.lg_list) total.touched += touch(clist_content(cell));
}

static void read_fields(struct mailimap_body_fields *fields) {
  read_parameters(fields->bd_parameter);
  total.touched += touch(fields->bd_id) + touch(fields->bd_description) + fields->bd_size;
  if (fields->bd_encoding) total.touched += (uint64_t)fields->bd_encoding->enc_type + touch(fields->bd_encoding->enc_value);
}

static void read_body(struct mailimap_body *body);

static void read_single(struct mailimap_body_type_1part *part) {
  switch (part->bd_type) {
  case MAILIMAP_BODY_TYPE_1PART_BASIC:
    total.touched += touch(part->bd_data.bd_type_basic->bd_media_basic->med_basic_type) +
        touch(part->bd_data.bd_type_basic->bd_media_basic->med_subtype);
    read_fields(part->bd_data.bd_type_basic->bd_fields);
    break;
  case MAILIMAP_BODY_TYPE_1PART_MSG:
    read_fields(part->bd_data.bd_type_msg->bd_fields);
    read_envelope(part->bd_data.bd_type_msg->bd_envelope);
    read_body(part->bd_data.bd_type_msg->bd_body);
    total.touched += part->bd_data.bd_type_msg->bd_lines;
    break;
  case MAILIMAP_BODY_TYPE_1PART_TEXT:
    total.touched += touch(part->bd_data.bd_type_text->bd_media_text) + part->bd_data.bd_type_text->bd_lines;
    read_fields(part->bd_data.bd_type_text->bd_fields);
    break;
  }
  struct mailimap_body_ext_1part *more = part->bd_ext_1part;
  if (!more) return;
  total.touched += touch(more->bd_md5) + touch(more->bd_loc);
  read_disposition(more->bd_disposition);
  read_language(more->bd_language);
}

static void read_body(struct mailimap_body *body) {
  total.parts++;
  if (body->bd_type == MAILIMAP_BODY_1PART) {
    read_single(body->bd_data.bd_body_1part);
    return;
  }
  struct mailimap_body_type_mpart *parts = body->bd_data.bd_body_mpart;
  EACH(cell, parts->bd_list) read_body(clist_content(cell));
  total.touched += touch(parts->bd_media_subtype);
  struct mailimap_body_ext_mpart *more = parts->bd_ext_mpart;
  if (!more) return;
  read_parameters(more->bd_parameter);
  read_disposition(more->bd_disposition);
  read_language(more->bd_language);
  total.touched += touch(more->bd_loc);
}

static void read_static(struct mailimap_msg_att_static *item) {
  switch (item->att_type) {
  case MAILIMAP_MSG_ATT_ENVELOPE: read_envelope(item->att_data.att_env); break;
  case MAILIMAP_MSG_ATT_INTERNALDATE: total.touched += (uint64_t)item->att_data.att_internal_date->dt_year; break;
  case MAILIMAP_MSG_ATT_RFC822_SIZE: total.numbers += item->att_data.att_rfc822_size; break;
  case MAILIMAP_MSG_ATT_BODYSTRUCTURE: read_body(item->att_data.att_bodystructure); break;
  case MAILIMAP_MSG_ATT_UID: total.numbers += item->att_data.att_uid; break;
  case MAILIMAP_MSG_ATT_BODY_SECTION:
    total.bytes += item->att_data.att_body_section->sec_length;
    total.touched += touch(item->att_data.att_body_section->sec_body_part);
    break;
  default: break;
  }
}

static void read_messages(clist *messages) {
  EACH(cell, messages) {
    struct mailimap_msg_att *message = clist_content(cell);
    total.messages++;
    EACH(at, message->att_list) {
      struct mailimap_msg_att_item *item = clist_content(at);
      if (item->att_type == MAILIMAP_MSG_ATT_ITEM_STATIC) {
        read_static(item->att_data.att_static);
        continue;
      }
      EACH(flag, item->att_data.att_dyn->att_list) {
        struct mailimap_flag_fetch *one = clist_content(flag);
        total.flags++;
        if (one->fl_flag && one->fl_flag->fl_type == MAILIMAP_FLAG_KEYWORD)
          total.touched += touch(one->fl_flag->fl_data.fl_keyword);
      }
    }
  }
}

static void select_mailbox(const char *kind, long count) {
  char name[64];
  snprintf(name, sizeof name, "%s%ld", kind, count);
  check(mailimap_select(session, name), "SELECT");
}

static void fetch(uint32_t last, int by_uid, struct mailimap_fetch_type *type) {
  struct mailimap_set *set = mailimap_set_new_interval(1, last);
  clist *messages = NULL;
  begin();
  check(by_uid ? mailimap_uid_fetch(session, set, type, &messages) : mailimap_fetch(session, set, type, &messages), "FETCH");
  read_messages(messages);
  end(&total);
  mailimap_fetch_list_free(messages);
}

static struct mailimap_fetch_type *list(struct mailimap_fetch_att *first) {
  struct mailimap_fetch_type *type = mailimap_fetch_type_new_fetch_att_list_empty();
  mailimap_fetch_type_new_fetch_att_list_add(type, first);
  return type;
}

static void envelopes(long count) {
  struct mailimap_fetch_type *type = list(mailimap_fetch_att_new_uid());
  mailimap_fetch_type_new_fetch_att_list_add(type, mailimap_fetch_att_new_flags());
  mailimap_fetch_type_new_fetch_att_list_add(type, mailimap_fetch_att_new_internaldate());
  mailimap_fetch_type_new_fetch_att_list_add(type, mailimap_fetch_att_new_rfc822_size());
  mailimap_fetch_type_new_fetch_att_list_add(type, mailimap_fetch_att_new_envelope());
  mailimap_fetch_type_new_fetch_att_list_add(type, mailimap_fetch_att_new_bodystructure());
  select_mailbox("mail", count);
  fetch((uint32_t)count, 0, type);
}

static struct mailimap_fetch_type *whole(void) {
  return list(mailimap_fetch_att_new_body_peek_section(mailimap_section_new(NULL)));
}

static void search(long count) {
  clist *hits = NULL;
  select_mailbox("hits", count);
  struct mailimap_search_key *all = mailimap_search_key_new_all();
  begin();
  check(mailimap_uid_search(session, NULL, all, &hits), "SEARCH");
  EACH(cell, hits) {
    total.messages++;
    total.numbers += *(uint32_t *)clist_content(cell);
  }
  end(&total);
}

static void noops(long count) {
  begin();
  for (long i = 0; i < count; i++) check(mailimap_noop(session), "NOOP");
  end(&total);
}

static void statuses(long count) {
  struct mailimap_status_att_list *items = mailimap_status_att_list_new_empty();
  mailimap_status_att_list_add(items, MAILIMAP_STATUS_ATT_MESSAGES);
  begin();
  for (long i = 0; i < count; i++) {
    struct mailimap_mailbox_data_status *status = NULL;
    char name[32];
    snprintf(name, sizeof name, "box%ld", i);
    check(mailimap_status(session, name, items, &status), "STATUS");
    total.messages++;
    EACH(cell, status->st_info_list) total.numbers += ((struct mailimap_status_info *)clist_content(cell))->st_value;
    mailimap_mailbox_data_status_free(status);
  }
  end(&total);
}

static void appends(long count) {
  enum { SIZE = 100000 };
  char *message = malloc(SIZE + 1);
  memset(message, 'x', SIZE);
  message[SIZE] = 0;
  begin();
  for (long i = 0; i < count; i++, total.messages++)
    check(mailimap_append(session, "sent", NULL, NULL, message, SIZE), "APPEND");
  end(&total);
}

int main(int argc, char **argv) {
  if (argc < 5) return EXIT_FAILURE;
  const char *workload = argv[1];
  long count = atol(argv[4]);
  uint16_t port = (uint16_t)atoi(argv[3]);
  session = mailimap_new(0, NULL);
  check(argc > 5 ? mailimap_ssl_connect(session, "localhost", port) : mailimap_socket_connect(session, "127.0.0.1", port),
      "connect");
  check(mailimap_login(session, "alice", "secret"), "LOGIN");
  if (!strcmp(workload, "W1")) {
    envelopes(count);
  } else if (!strcmp(workload, "W2") || !strcmp(workload, "W8")) {
    select_mailbox("bodies", count);
    fetch((uint32_t)count, 1, whole());
  } else if (!strcmp(workload, "W3")) {
    select_mailbox("large", count);
    fetch(1, 1, whole());
  } else if (!strcmp(workload, "W4")) {
    select_mailbox("mail", count);
    fetch((uint32_t)count, 1, list(mailimap_fetch_att_new_flags()));
  } else if (!strcmp(workload, "W5")) {
    search(count);
  } else if (!strcmp(workload, "W6")) {
    noops(count);
  } else if (!strcmp(workload, "W7")) {
    statuses(count);
  } else if (!strcmp(workload, "W9")) {
    appends(count);
  }
  return EXIT_SUCCESS;
}
