// What dev needs before anything runs: programs, addresses, folders and configuration files.

#pragma once

#include "controller/app/dev_processes_internal.h"
#include "controller/app/settings.h"
#include "controller/async/disk.h"
#include "controller/base/error.h"

#include <string>
#include <vector>

namespace clickdeploy::app {

// Where things are in one run. Paths are absolute.
struct DevPlaces {
  std::string data;
  std::string prometheus_address;  // host:port
  std::string alertmanager_address;
  std::string cloud_address;
  std::string cidr;  // of the servers
  // An address of the block, bound while we run: nobody else's dev takes the same block.
  int cidr_claim = -1;

  std::string log(const std::string& name) const { return data + "/logs/" + name + ".log"; }
  std::string targets() const { return data + "/prometheus/targets"; }
  std::string rules() const { return data + "/prometheus/rules"; }
  std::string clouds_file() const { return data + "/clouds.yaml"; }
  std::string kubeconfig() const { return data + "/kubeconfig"; }
  std::string prometheus_url() const { return "http://" + prometheus_address; }
  std::string alertmanager_url() const { return "http://" + alertmanager_address; }
  std::string cloud_url() const { return "http://" + cloud_address; }
};

struct DevPrograms {
  std::string localcloud;
  std::string prometheus;
  std::string alertmanager;
  std::string node_exporter;
  std::string clickctl;      // "": not here; only suggested to people
  std::string clickctl_dir;  // "": it is in PATH
};

// NotFound names every program that is missing and the Debian package that has it.
Result<DevPrograms> find_dev_programs(const Settings& settings);

// The data folder of dev, absolute: with `temporary` a new one, else what was asked for, else
// ./clickdeploy-dev. Made with mode 0700.
Result<std::string> make_dev_folder(const Settings& settings, bool temporary, Disk& disk);

// The address if it can be bound, else the same host with a free port.
Result<std::string> choose_address(const std::string& wanted);

// Fills in the addresses. `notes` gets a line for each that is not the usual one; `any_port` takes
// free ports from the start.
Result<DevPlaces> choose_dev_places(const std::string& data, bool any_port, Disk& disk,
                                    std::vector<std::string>& notes);
void release_dev_places(DevPlaces& places);

// prometheus.yml, alertmanager.yml and their folders.
Result<void> write_dev_configuration(const DevPlaces& places, Disk& disk);

ChildProgram localcloud_program(const DevPrograms& programs, const DevPlaces& places);
ChildProgram prometheus_program(const DevPrograms& programs, const DevPlaces& places);
ChildProgram alertmanager_program(const DevPrograms& programs, const DevPlaces& places);

}  // namespace clickdeploy::app
